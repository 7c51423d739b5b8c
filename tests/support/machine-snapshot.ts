/**
 * What a run can leave behind on this machine, as lines: two snapshots show it. Other labs may come and go
 * meanwhile, so what carries the name of another lab does not count.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { readSettings } from "../../lab/machine-settings.ts";
import { output } from "../../commands/program.ts";

export type Snapshot = readonly string[];

const ANY_LAB = /rk[bv-]?-?[0-9a-f]{8}\b|rktnetes[-_]lab[-_][0-9a-f]{8}/;

/** While another lab runs on this machine, kernel settings stay raised for its sake, and so does their record. */
const OTHER_LABS = "other labs";
const SHARED_BY_LABS = /^(setting |run \/run\/rktnetes-lab)/;

export async function machineSnapshot(ours: RegExp): Promise<Snapshot> {
  const labelled = (kind: string, lines: readonly string[]): string[] =>
    lines
      .map((line) => line.trim())
      .filter((line) => line !== "" && (!ANY_LAB.test(line) || ours.test(line)))
      .map((line) => `${kind} ${line}`);
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return [
    ...labelled(
      "mount",
      mounts.map((line) => line.split(" ").slice(3, 5).join(" ")),
    ),
    ...labelled(
      "interface",
      (await output("ip", ["-o", "link"])).split("\n").map((line) => line.split(":")[1] ?? ""),
    ),
    ...labelled("route", (await output("ip", ["route", "show", "table", "all"])).split("\n")),
    ...labelled("named netns", await readdir("/run/netns").catch(() => [])),
    ...labelled("cgroup", (await output("find", ["/sys/fs/cgroup", "-type", "d"])).split("\n")),
    ...labelled("nft", (await output("nft", ["list", "tables"])).split("\n")),
    ...labelled("user", (await readFile("/etc/passwd", "utf8")).split("\n")),
    ...labelled("group", (await readFile("/etc/group", "utf8")).split("\n")),
    ...labelled(
      "package",
      (await output("dpkg-query", ["-W", "-f", "${Package} ${Version} ${Status}\\n"])).split("\n"),
    ),
    ...labelled(
      "run",
      (await output("find", ["/run", "-xdev", "-mindepth", "1", "-maxdepth", "2"])).split("\n"),
    ),
    ...labelled(
      "state",
      (await output("find", ["/var/lib", "-xdev", "-mindepth", "1", "-maxdepth", "2"])).split("\n"),
    ),
    ...labelled("file", await contentsOf("/etc")),
    ...labelled("process", await processesOf(ours)),
    ...labelled(
      "setting",
      Object.entries(await readSettings()).map(([name, value]) => `${name} = ${value}`),
    ),
    ...((await otherLabs(ours)) ? [OTHER_LABS] : []),
  ].sort();
}

async function otherLabs(ours: RegExp): Promise<boolean> {
  const folder = "/run/rktnetes-lab/networks";
  const names = await readdir(folder).catch(() => []);
  return names.some((name) => !ours.test(name));
}

async function contentsOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    lines.push(`${path} ${createHash("sha256").update(bytes).digest("hex")}`);
  }
  return lines;
}

/** Processes with a name of ours on their command lines, or in a network namespace of such a process. */
async function processesOf(ours: RegExp): Promise<string[]> {
  const machine = (await stat("/proc/self/ns/net")).ino;
  const found: { readonly line: string; readonly namespace: number | undefined }[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    const namespace = (await stat(`/proc/${pid}/ns/net`).catch(() => undefined))?.ino;
    found.push({ line, namespace });
  }
  const namespaces = new Set(
    found.flatMap(({ line, namespace }) =>
      ours.test(line) && namespace !== undefined && namespace !== machine ? [namespace] : [],
    ),
  );
  return found
    .filter(
      ({ line, namespace }) => ours.test(line) || (namespace !== undefined && namespaces.has(namespace)),
    )
    .map(({ line }) => line);
}

/** Lines of one snapshot that the other lacks, with a sign. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  const amongOthers = before.includes(OTHER_LABS) || after.includes(OTHER_LABS);
  const counts = (line: string): boolean =>
    line !== OTHER_LABS && !(amongOthers && SHARED_BY_LABS.test(line));
  return changes(before.filter(counts), after.filter(counts));
}

function changes(before: Snapshot, after: Snapshot): string[] {
  const was = new Set(before);
  const is = new Set(after);
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
}
