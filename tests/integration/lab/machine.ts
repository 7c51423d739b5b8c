/** What can be left behind on this machine, as lines to compare. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readSettings } from "../../../lab/machine-settings.ts";
import { run } from "../../../lab/program.ts";

export interface MachineState {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly namespaces: readonly string[];
  readonly cgroups: readonly string[];
  readonly nftTables: readonly string[];
  readonly settings: readonly string[];
  readonly runFiles: readonly string[];
}

/** Everything, but for what carries the name of another lab: its tests may run at the same time. */
export async function machineState(ours: RegExp): Promise<MachineState> {
  const anyLab = /rk[bv][0-9a-f]{8}|rktnetes[-_]lab[-_][0-9a-f]{8}/;
  const kept = (lines: readonly string[]): string[] =>
    lines.filter((line) => !anyLab.test(line) || ours.test(line)).sort();
  return {
    mounts: kept((await readFile("/proc/self/mounts", "utf8")).split("\n")),
    links: kept(
      (await run("ip", ["-o", "link", "show"])).split("\n").map((line) => line.split(":")[1] ?? ""),
    ),
    namespaces: await networkNamespacesOf(ours),
    cgroups: kept((await run("find", ["/sys/fs/cgroup", "-type", "d", "-name", "rktnetes*"])).split("\n")),
    nftTables: kept((await run("nft", ["list", "tables"])).split("\n")),
    settings: Object.entries(await readSettings()).map(([name, value]) => `${name} = ${value}`),
    runFiles: kept((await readdir("/run")).concat(await readdir("/run/systemd").catch(() => []))),
  };
}

/** Other tests' namespaces come and go: those count whose processes have our folders on their command lines. */
async function networkNamespacesOf(ours: RegExp): Promise<string[]> {
  const machines = (await stat("/proc/self/ns/net")).ino;
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
    const namespace = await stat(join("/proc", pid, "ns/net")).catch(() => undefined);
    if (ours.test(line) && namespace !== undefined && namespace.ino !== machines) found.push(line);
  }
  return found;
}
