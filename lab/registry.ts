/**
 * The lab's own image registry: Debian's docker-registry, taken out of its package (installing it would start
 * a service on this machine), listening at the network's gateway for hosts and for this machine.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../errors/fault.ts";
import { isThere, readIfThere, writeWhole } from "./files.ts";
import { networkFolder, type LabFolders } from "./folders.ts";
import { imageLayout, imageRelease } from "./images/build.ts";
import { catalogueKey, type ImageName } from "./images/catalogue.ts";
import { pushImage } from "./images/push.ts";
import { withLock } from "./lock.ts";
import { readNetwork } from "./network.ts";
import type { LabOptions } from "./options.ts";
import { send } from "./process.ts";
import { run } from "./program.ts";
import { failedStart, isRunning, startSupervised, stopSupervised } from "./supervised.ts";

export interface RegistrySpec {
  /** Name of the lab network. */
  readonly network: string;
  /** Where it listens: the network's gateway. */
  readonly address: string;
  readonly port: number;
  readonly images: readonly ImageName[];
}

export interface Registry {
  readonly network: string;
  /** As in image references: 10.77.0.1:5000. */
  readonly host: string;
  readonly server: string;
  /** References of the images, by name; the tag is the recipe's key. */
  readonly images: Readonly<Partial<Record<ImageName, string>>>;
}

const recordSchema = z.strictObject({
  host: z.string(),
  images: z.partialRecord(z.enum(["nginx", "web", "shell"]), z.string()),
});

export async function createRegistry(spec: RegistrySpec, options: LabOptions): Promise<Registry> {
  const network = await readNetwork(spec.network, options.folders);
  if (network === undefined) {
    throw new Fault({ what: `there is no lab network "${spec.network}"`, where: "the lab's registry" });
  }
  if (spec.address !== network.gateway) {
    throw new Fault({
      what: "the lab's registry listens at the network's gateway and nowhere else",
      where: `lab network "${spec.network}"`,
      got: spec.address,
      allowed: network.gateway,
    });
  }
  const host = `${spec.address}:${spec.port}`;
  const [program, layout] = await Promise.all([
    registryProgram(options),
    spec.images.length === 0 ? undefined : imageLayout(options),
  ]);
  return locked(spec.network, options, async (folder) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const config = configuration(host, join(folder, "storage"));
    const changed = (await readIfThere(join(folder, "config.yml"))) !== config;
    if (changed || !(await isRunning(folder))) {
      options.progress(`registry at ${host}: starting`);
      await stop(folder, 5000);
      await writeWhole(join(folder, "config.yml"), config, 0o600);
      await startSupervised(folder, { boot: "boot-registry.sh", settings: { PROGRAM: program } });
    }
    await awaitAnswer(host, folder, options);
    const references = imageReferences(host, spec.images);
    for (const name of spec.images) {
      if (layout === undefined) break;
      options.progress(`registry at ${host}: pushing ${name}`);
      const target = { server: `http://${host}`, repository: name, tag: catalogueKey(imageRelease) };
      await pushImage(layout, name, target, options.signal);
    }
    await writeWhole(join(folder, "registry.json"), JSON.stringify({ host, images: references }, null, 2));
    return { network: spec.network, host, server: `http://${host}`, images: references };
  });
}

/** References as they will be; the images need not exist yet. */
export function imageReferences(
  host: string,
  names: readonly ImageName[],
): Partial<Record<ImageName, string>> {
  const key = catalogueKey(imageRelease);
  return Object.fromEntries(names.map((name) => [name, `${host}/${name}:${key}`]));
}

/** Undefined when there is none. `running` is false for one that was stopped by hand. */
export async function readRegistry(
  network: string,
  folders: LabFolders,
): Promise<(Registry & { readonly running: boolean }) | undefined> {
  const folder = registryFolder(folders, network);
  const text = await readIfThere(join(folder, "registry.json"));
  if (text === undefined) return undefined;
  const record = recordSchema.parse(JSON.parse(text));
  return { network, ...record, server: `http://${record.host}`, running: await isRunning(folder) };
}

export async function deleteRegistry(network: string, options: LabOptions): Promise<void> {
  if (!(await isThere(networkFolder(options.folders, network)))) return;
  await locked(network, options, async (folder) => {
    await stop(folder, 5000);
    await rm(folder, { recursive: true, force: true });
  });
}

/** Its name is none that a host could have. */
function registryFolder(folders: LabFolders, network: string): string {
  return join(networkFolder(folders, network), ".registry");
}

function locked<T>(network: string, options: LabOptions, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = registryFolder(options.folders, network);
  return withLock(
    join(networkFolder(options.folders, network), ".locks", ".registry"),
    () => work(folder),
    options.signal,
  );
}

async function stop(folder: string, graceMilliseconds: number): Promise<void> {
  await stopSupervised(folder, graceMilliseconds, (payload) => {
    send(payload.pid, "SIGTERM");
    return Promise.resolve();
  });
}

export function configuration(host: string, storage: string): string {
  return `version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: ${JSON.stringify(storage)}
  delete:
    enabled: true
http:
  addr: ${JSON.stringify(host)}
`;
}

/** The program out of the package that this machine's sources offer. */
async function registryProgram(options: LabOptions): Promise<string> {
  const folder = join(options.folders.lab, "docker-registry");
  const program = join(folder, "usr", "bin", "docker-registry");
  if (await isThere(program)) return program;
  return withLock(
    `${folder}.lock`,
    async () => {
      if (await isThere(program)) return program;
      options.progress(
        "registry: fetching Debian's docker-registry (unpacked into the cache, not installed)",
      );
      await mkdir(options.folders.lab, { recursive: true });
      const scratch = await mkdtemp(`${folder}-`);
      try {
        await run("apt-get", ["--quiet", "download", "docker-registry"], {
          cwd: scratch,
          purpose: "fetch the package docker-registry (is `apt-get update` overdue?)",
        });
        const file = (await readdir(scratch)).find((name) => name.endsWith(".deb"));
        if (file === undefined)
          throw new Fault({ what: "apt fetched no package docker-registry", where: scratch });
        await run("dpkg-deb", ["--extract", join(scratch, file), join(scratch, "tree")]);
        await rename(join(scratch, "tree"), folder);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
      return program;
    },
    options.signal,
  );
}

async function awaitAnswer(host: string, folder: string, options: LabOptions): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    options.signal?.throwIfAborted();
    const reply = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (reply?.ok === true) return;
    if (!(await isRunning(folder)))
      throw await failedStart(folder, "the lab's registry ended at once (is its port taken?)");
    if (performance.now() > deadline) throw await failedStart(folder, "the lab's registry does not answer");
    await delay(25);
  }
}
