import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../errors/fault.ts";
import type { ImageManifest } from "../appc/imageManifest.ts";
import { parseImageManifest } from "../appc/parseImageManifest.ts";
import { parsePodManifest } from "../appc/parsePodManifest.ts";
import type { PodManifest } from "../appc/podManifest.ts";
import { serializeImageManifest, serializePodManifest } from "../appc/serialize.ts";
import { isObject, stringIn } from "../network/json.ts";
import { lives, ownerOf } from "../pods/owner.ts";
import { replaceFileSync } from "../wholeFiles.ts";

/** What the service knows of a pod. */
export interface Registration {
  readonly uuid: string;
  /** Of the token by which the pod is known; the token itself is nobody's but the pod's. */
  readonly tokenHash: string;
  /** The process that is the pod, as in the pod's own record; a stage0 that is not ours does not say it. */
  readonly owner?: string;
  readonly manifest: PodManifest;
  readonly images: ReadonlyMap<string, ImageManifest>;
}

/**
 * The registered pods, each with a file, so that they outlive a restart of the service. A pod's registration ends with
 * the pod: nobody has to say so.
 */
export class Registrations {
  readonly #folder: string;
  readonly #byUuid = new Map<string, Registration>();
  readonly #byToken = new Map<string, Registration>();

  /** `warn` is told of files that cannot be read. */
  constructor(folder: string, warn: (text: string) => void) {
    this.#folder = join(folder, "pods");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#folder)) {
      if (!name.endsWith(".json")) continue;
      const path = join(this.#folder, name);
      try {
        this.#remember(parsed(readFileSync(path, "utf8")));
      } catch (error) {
        warn(`registration ${path} is of no use: ${messageOf(error)}`);
      }
    }
    this.sweep();
  }

  get size(): number {
    return this.#byUuid.size;
  }

  add(pod: Omit<Registration, "images" | "tokenHash"> & { readonly token: string }): void {
    const { uuid, token, owner, manifest } = pod;
    this.remove(uuid);
    this.#keep({
      uuid,
      tokenHash: hashOf(token),
      ...(owner === undefined ? {} : { owner }),
      manifest,
      images: new Map(),
    });
  }

  /** Whether there is such a pod, with such an app. */
  addImage(uuid: string, app: string, image: ImageManifest): boolean {
    const registration = this.#byUuid.get(uuid);
    if (registration?.manifest.apps.some(({ name }) => name === app) !== true) return false;
    this.#keep({ ...registration, images: new Map([...registration.images, [app, image]]) });
    return true;
  }

  /** Whether there was such a pod. */
  remove(uuid: string): boolean {
    const registration = this.#byUuid.get(uuid);
    if (registration === undefined) return false;
    this.#byUuid.delete(uuid);
    this.#byToken.delete(registration.tokenHash);
    rmSync(this.#file(uuid), { force: true });
    return true;
  }

  /** The pod of a token, as long as it runs. */
  ofToken(token: string): Registration | undefined {
    const registration = this.#byToken.get(hashOf(token));
    if (registration === undefined || hasEnded(registration)) return undefined;
    return registration;
  }

  /** Forgets pods that have ended. */
  sweep(): void {
    for (const registration of this.#byUuid.values()) {
      if (hasEnded(registration)) this.remove(registration.uuid);
    }
  }

  #keep(registration: Registration): void {
    replaceFileSync(this.#file(registration.uuid), written(registration), { mode: 0o600 });
    this.#remember(registration);
  }

  #remember(registration: Registration): void {
    this.#byUuid.set(registration.uuid, registration);
    this.#byToken.set(registration.tokenHash, registration);
  }

  #file(uuid: string): string {
    return join(this.#folder, `${uuid}.json`);
  }
}

function hasEnded({ owner }: Registration): boolean {
  return owner !== undefined && !lives(ownerOf(owner));
}

/** Tokens are looked up by this, so that how long it takes tells nothing about them. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function written({ uuid, tokenHash, owner, manifest, images }: Registration): string {
  return JSON.stringify({
    uuid,
    tokenHash,
    owner,
    manifest: serializePodManifest(manifest),
    images: Object.fromEntries([...images].map(([app, image]) => [app, serializeImageManifest(image)])),
  });
}

function parsed(text: string): Registration {
  const said: unknown = JSON.parse(text);
  if (!isObject(said)) throw new Error("it is no JSON object");
  const { images } = said;
  const uuid = stringIn(said.uuid);
  const tokenHash = stringIn(said.tokenHash);
  const manifest = stringIn(said.manifest);
  const owner = stringIn(said.owner);
  if (uuid === undefined || tokenHash === undefined || manifest === undefined || !isObject(images)) {
    throw new Error("parts of it are missing");
  }
  return {
    uuid,
    tokenHash,
    ...(owner === undefined ? {} : { owner }),
    manifest: parsePodManifest(manifest),
    images: new Map(
      Object.entries(images).map(([app, image]) => [app, parseImageManifest(stringIn(image) ?? "")]),
    ),
  };
}
