/** What is kept about a host: its folder holds everything, and `host.json` comes last when it is made. */
import { join } from "node:path";
import { z } from "zod";
import { readIfThere, writeWhole } from "./files.ts";
import type { HostIdentity } from "./host-files.ts";
import { releases } from "./releases.ts";
import type { HostSpec } from "./residents.ts";

export const hostRecordSchema = z.strictObject({
  kind: z.enum(["nspawn", "kvm"]),
  name: z.string(),
  network: z.string(),
  address: z.string(),
  release: z.enum(releases),
  hostKeys: z.array(z.string()),
  /** Where the base tree lies; kept so that a newer recipe does not change a host that exists. */
  base: z.string(),
  rootStyle: z.enum(["overlay", "copy", "disk"]),
  memoryMiB: z.int().optional(),
  cpus: z.int().optional(),
});

export type HostRecord = z.infer<typeof hostRecordSchema>;

/** What is the same for hosts of every kind, and what this one is made of. */
export function recordOf(
  spec: HostSpec,
  { hostKey }: Pick<HostIdentity, "hostKey">,
  made: Pick<HostRecord, "kind" | "base" | "rootStyle" | "memoryMiB" | "cpus">,
): HostRecord {
  const { name, network, address, release } = spec;
  // Without its comment, which is no part of a key.
  const hostKeys = [hostKey.publicKey.split(" ").slice(0, 2).join(" ")];
  return { ...made, name, network, address, release, hostKeys };
}

/** Undefined for a host that does not exist or was never made to the end. */
export async function readHostRecord(folder: string): Promise<HostRecord | undefined> {
  const text = await readIfThere(join(folder, "host.json"));
  return text === undefined ? undefined : hostRecordSchema.parse(JSON.parse(text));
}

export async function writeHostRecord(folder: string, record: HostRecord): Promise<void> {
  await writeWhole(join(folder, "host.json"), JSON.stringify(record, null, 2));
}
