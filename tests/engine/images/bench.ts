/** Fetching on a scratch folder: the real store, and a trust store whose signatures anybody can write. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineConfiguration } from "../../../engine/configuration/configuration.ts";
import type { EngineContext } from "../../../engine/context.ts";
import { nothingInsecure, type InsecureOptions } from "../../../engine/insecureOptions.ts";
import type { FetchingOptions } from "../../../engine/images/download/fetching.ts";
import { fetchImage, type FetchRequest } from "../../../engine/images/fetch.ts";
import { openStore } from "../../../engine/store/openStore.ts";
import type { StoredImage } from "../../../engine/store/records.ts";
import { removeTree } from "../../../engine/store/removeTree.ts";
import type { Store } from "../../../engine/store/store.ts";
import type { TrustStore } from "../../../engine/trust/trustStore.ts";
import { Fault } from "../../../errors/fault.ts";

/** A bad network is given up at once, or a test would take as long as a user waits. */
const patience = { idleMilliseconds: 300, pauseMilliseconds: 1, longestPauseMilliseconds: 5, fruitless: 3 };

export const identity = "A Signer <signer@example.com>";

export class Bench {
  readonly folder: string;
  readonly store: Store;
  readonly lines: string[] = [];
  readonly warnings: string[] = [];
  insecure: InsecureOptions = nothingInsecure;
  configuration: EngineConfiguration = { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1: {} };
  options: FetchingOptions = { patience };
  /** Manifests of images that somebody trusted has signed. */
  readonly signedDigests = new Set<string>();
  readonly askedFor: string[] = [];
  /** What lies beside the image that was asked for last. */
  beside: { cosign: number; bundles: number; simple: number } = { cosign: -1, bundles: -1, simple: -1 };
  lookaside: string | undefined;

  private constructor(folder: string, store: Store) {
    this.folder = folder;
    this.store = store;
  }

  static async set(): Promise<Bench> {
    const folder = await mkdtemp(join(tmpdir(), "rktnetes-fetch-"));
    const store = await openStore({
      folders: { data: join(folder, "data") },
      report: { warn: () => undefined },
    });
    return new Bench(folder, store);
  }

  clear(): void {
    removeTree(this.folder);
  }

  get context(): EngineContext {
    return {
      folders: {
        data: join(this.folder, "data"),
        system: join(this.folder, "system"),
        local: join(this.folder, "local"),
        library: join(this.folder, "library"),
      },
      configuration: this.configuration,
      insecure: this.insecure,
      trustKeysFromHttps: false,
      debug: false,
      report: {
        line: (text) => void this.lines.push(text),
        warn: (text) => void this.warnings.push(text),
        debug: () => undefined,
        progress: () => undefined,
      },
    };
  }

  get trust(): TrustStore {
    return {
      verifyDetached: async (name, content, signature) => {
        const hash = createHash("sha256");
        for await (const piece of content) hash.update(piece as Buffer);
        if (Buffer.from(signature).toString() !== `${name} ${hash.digest("hex")}`) {
          throw new Fault({ what: "openpgp: signature made by unknown entity" });
        }
        return { scheme: "openpgp", key: "f00d", identity };
      },
      verifyOci: async ({ repository, reference, manifestDigest }, signatures) => {
        this.askedFor.push(`${repository} ${reference} ${manifestDigest}`);
        this.beside = {
          cosign: (await signatures.cosign()).length,
          bundles: (await signatures.bundles()).length,
          simple: this.lookaside === undefined ? -1 : (await signatures.simpleSigning(this.lookaside)).length,
        };
        if (!this.signedDigests.has(manifestDigest)) throw new Fault({ what: `nobody signed ${repository}` });
        return { scheme: "sigstore", key: "sha256:f00d", identity: "" };
      },
    };
  }

  fetch(reference: string, request: Partial<FetchRequest> = {}): Promise<StoredImage> {
    const whole = { pullPolicy: "update" as const, ...request, reference };
    return fetchImage(this.context, this.store, this.trust, whole, this.options);
  }

  /** With images unsigned and registries in the clear, where a test is about something else. */
  trustAnything(): this {
    this.insecure = { ...nothingInsecure, image: true, http: true };
    return this;
  }

  async leftovers(): Promise<string[]> {
    return await readdir(join(this.folder, "data", "cas", "tmp"));
  }
}

export function signatureOf(name: string, content: Buffer): Buffer {
  return Buffer.from(`${name} ${createHash("sha256").update(content).digest("hex")}`);
}
