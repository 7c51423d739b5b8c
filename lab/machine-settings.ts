/**
 * Kernel settings that all hosts share with the machine: what they were before the first lab network came is
 * recorded in /run, and put back when the last one goes. A kubelet inside a host changes several of them, and
 * systemd's own sysctl.d sets more at every boot of a host.
 */
import { mkdir, readFile, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../errors/fault.ts";
import { isMissing, readIfThere, writeWhole } from "./files.ts";

/** The record is the machine's and not a cache's: labs with different caches share one kernel. */
export const machineFolder = "/run/rktnetes-lab";
export const machineLock = "/run/rktnetes-lab.lock";
const settingsFile = join(machineFolder, "settings.json");
const usersFolder = join(machineFolder, "networks");

/** Settings without a namespace, or of the machine's own, that a host or the lab may change. */
const shared = [
  "fs/aio-max-nr",
  "fs/file-max",
  "fs/inotify/max_queued_events",
  "fs/inotify/max_user_instances",
  "fs/inotify/max_user_watches",
  "fs/nr_open",
  "fs/protected_fifos",
  "fs/protected_hardlinks",
  "fs/protected_regular",
  "fs/protected_symlinks",
  "fs/suid_dumpable",
  "kernel/core_pattern",
  "kernel/core_uses_pid",
  "kernel/dmesg_restrict",
  "kernel/keys/maxbytes",
  "kernel/keys/maxkeys",
  "kernel/keys/root_maxbytes",
  "kernel/keys/root_maxkeys",
  "kernel/kptr_restrict",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/pid_max",
  "kernel/printk",
  "kernel/sysrq",
  "kernel/threads-max",
  "kernel/unprivileged_userns_clone",
  "kernel/yama/ptrace_scope",
  "net/core/bpf_jit_harden",
  "net/ipv4/ip_forward",
  "net/netfilter/nf_conntrack_max",
  "vm/compaction_proactiveness",
  "vm/max_map_count",
  "vm/mmap_min_addr",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "vm/swappiness",
];

/** What the lab itself needs: each host's systemd, kubelet and runtime take inotify instances by the dozen. */
const needed: readonly (readonly [string, number])[] = [
  ["fs/inotify/max_user_instances", 8192],
  ["fs/inotify/max_user_watches", 524288],
  ["net/ipv4/ip_forward", 1],
];

const recordSchema = z.strictObject({ boot: z.string(), values: z.record(z.string(), z.string()) });

/** Called under the machine's lock whenever a network is made or mended. */
export async function enterMachine(networkId: string, stateFolder: string): Promise<void> {
  const boot = await bootId();
  const record = await readRecord();
  if (record?.boot !== boot) {
    await rm(machineFolder, { recursive: true, force: true });
    await writeWhole(settingsFile, JSON.stringify({ boot, values: await readSettings() }, null, 2));
  }
  await mkdir(usersFolder, { recursive: true });
  await writeFile(join(usersFolder, networkId), stateFolder);
  for (const [name, least] of needed) {
    const current = Number(await readFile(settingPath(name), "utf8"));
    if (current < least) await writeFile(settingPath(name), String(least));
  }
}

/** Called under the machine's lock when a network has gone. The last one puts the settings back. */
export async function leaveMachine(networkId: string): Promise<void> {
  await rm(join(usersFolder, networkId), { force: true });
  const users = await readdir(usersFolder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  if (users.length > 0) return;
  const record = await readRecord();
  if (record?.boot === (await bootId())) await restoreSettings(record.values);
  await rm(settingsFile, { force: true });
  for (const folder of [usersFolder, machineFolder]) {
    await rmdir(folder).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
}

async function restoreSettings(values: Readonly<Record<string, string>>): Promise<void> {
  const now = await readSettings();
  const failures: string[] = [];
  for (const [name, before] of Object.entries(values)) {
    if (now[name] === before) continue;
    await writeFile(settingPath(name), before).catch((error: unknown) => {
      failures.push(`${name} (now ${now[name] ?? "unreadable"}, before ${before}): ${messageOf(error)}`);
    });
  }
  if (failures.length > 0) {
    throw new Error(`kernel settings that could not be put back:\n  ${failures.join("\n  ")}`);
  }
}

export async function readSettings(): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const name of shared) {
    const text = await readIfThere(settingPath(name));
    if (text !== undefined) values[name] = text.trim();
  }
  return values;
}

async function readRecord(): Promise<z.infer<typeof recordSchema> | undefined> {
  const text = await readIfThere(settingsFile);
  return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

function settingPath(name: string): string {
  return join("/proc/sys", name);
}
