/** A flavour of stage1 as an ACI: not compressed, since the package is, and so taken into a store at once. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";

import type { Stage1Image } from "../../stage1/image.ts";
import type { Architecture } from "./architecture.ts";
import { type PackedFile, textFile } from "./packedFile.ts";
import { tarOf } from "./tarArchive.ts";

export interface Stage1Source {
  readonly image: Stage1Image;
  /** The root's files, programs already compiled. */
  readonly files: readonly PackedFile[];
}

export function stage1Manifest(image: Stage1Image, version: string, architecture: Architecture): string {
  const manifest = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name: image.name,
    labels: [
      { name: "version", value: version },
      { name: "arch", value: architecture === "arm64" ? "aarch64" : architecture },
      { name: "os", value: "linux" },
    ],
    annotations: Object.entries(image.annotations)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name: `coreos.com/rkt/stage1/${name}`, value })),
  };
  return `${JSON.stringify(manifest)}\n`;
}

export async function writeAci(
  target: string,
  manifest: string,
  files: readonly PackedFile[],
  time: number,
): Promise<void> {
  const rooted = files.map((file) => ({ ...file, path: `/rootfs${file.path === "/" ? "" : file.path}` }));
  const members: PackedFile[] = [textFile("/manifest", manifest), ...rooted];
  if (!rooted.some(({ path }) => path === "/rootfs"))
    members.push({ path: "/rootfs", mode: 0o755, from: { kind: "folder" } });
  await pipeline(tarOf(members, { prefix: "", time }), createWriteStream(target));
}
