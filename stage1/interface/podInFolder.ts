/** A pod as a foreign stage0 leaves it for us: in its folder, with the arguments of the published interface. */
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../../engine/appc/imageManifest.ts";
import { parseImageManifest } from "../../engine/appc/parseImageManifest.ts";
import { parsePodManifest } from "../../engine/appc/parsePodManifest.ts";
import type { PodManifest, RuntimeApp } from "../../engine/appc/podManifest.ts";
import { nothingInsecure } from "../../engine/insecureOptions.ts";
import { metadataAddress } from "../../engine/metadata/metadataAddress.ts";
import type { PodNetwork } from "../../engine/network/podNetwork.ts";
import { Fault } from "../../errors/fault.ts";
import type { PodToRun } from "../contract.ts";
import type { RunArguments } from "./runArguments.ts";

export function manifestIn(folder: string): PodManifest {
  const manifest = parsePodManifest(readFileSync(join(folder, "pod"), "utf8"));
  return { ...manifest, apps: manifest.apps.map((app) => ({ ...app, app: appOf(folder, app) })) };
}

/** What the pod's manifest does not say of an app, its image's does. */
function appOf(folder: string, { name, app }: RuntimeApp): App {
  if (app !== undefined) return app;
  const file = join(folder, "appsinfo", name, "manifest");
  const image = parseImageManifest(readFileSync(file, "utf8"));
  if (image.app === undefined) throw new Fault({ what: `app "${name}" says nothing to run`, where: file });
  return image.app;
}

export function podInFolder(
  folder: string,
  manifest: PodManifest,
  given: RunArguments,
  network: PodNetwork,
): PodToRun {
  return {
    ...given,
    // This program only says what its caller is to turn into.
    leader: process.ppid,
    folder,
    manifest,
    network,
    ...(given.metadataToken !== "" && { metadataUrl: metadataAddress(network)(given.metadataToken) }),
    networks: [],
    insecure: {
      ...nothingInsecure,
      capabilities: given.withoutCapabilities,
      paths: given.withoutPaths,
      seccomp: given.withoutSeccomp,
    },
    // A foreign stage0 has put every root in its place, whatever it made it of.
    apps: manifest.apps.map(({ name }) => ({
      name,
      root: { kind: "copy", target: join(folder, "stage1/rootfs/opt/stage2", name, "rootfs") },
    })),
  };
}

/** rkt's stage0 writes its files of names into the stage1's root; ours has them beside it. */
export function takeNameFiles(folder: string): void {
  for (const name of ["resolv.conf", "hosts"]) {
    const theirs = join(folder, "stage1/rootfs/etc", `rkt-${name}`);
    if (existsSync(theirs)) copyFileSync(theirs, join(folder, name));
  }
}
