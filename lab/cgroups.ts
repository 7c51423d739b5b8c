/**
 * The control groups a host gets. On a machine whose init is systemd, systemd makes them (Delegate=yes), for
 * there is one writer of that tree. Elsewhere the lab makes one in every mounted hierarchy, below the one
 * that the lab itself runs in.
 */
import { readFile, readdir, rmdir, mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../errors/fault.ts";
import { isMissing, readIfThere } from "./files.ts";
import { send } from "./process.ts";

export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** The folder of the group that this process is in. */
  readonly own: string;
  /** Controllers or `name=…` (v1); empty for v2. */
  readonly controllers: readonly string[];
}

/** The mounted hierarchies, from the texts of /proc/self/mountinfo and /proc/self/cgroup. */
export function parseHierarchies(mountinfo: string, membership: string): Hierarchy[] {
  const groups = membership
    .split("\n")
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({
      controllers: (match[1] ?? "").split(",").filter((name) => name !== ""),
      path: match[2] ?? "/",
    }));
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", mountPoint = ""] = before.split(" ");
    const [type = "", , options = ""] = after.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const flags = options.split(",");
    const group =
      type === "cgroup2"
        ? groups.find(({ controllers }) => controllers.length === 0)
        : groups.find(
            ({ controllers }) => controllers.length > 0 && controllers.every((name) => flags.includes(name)),
          );
    if (group === undefined) continue;
    // In a container's view the mount may begin below the hierarchy's root.
    const below = relative(root, group.path);
    const own = below.startsWith("..") ? mountPoint : join(mountPoint, below);
    found.set(group.controllers.join(","), {
      version: type === "cgroup2" ? 2 : 1,
      mountPoint,
      own,
      controllers: group.controllers,
    });
  }
  return [...found.values()];
}

export async function readHierarchies(): Promise<Hierarchy[]> {
  return parseHierarchies(
    await readFile("/proc/self/mountinfo", "utf8"),
    await readFile("/proc/self/cgroup", "utf8"),
  );
}

export function isUnified(hierarchies: readonly Hierarchy[]): boolean {
  return hierarchies.every(({ version }) => version === 2);
}

/** Makes the host's group in every hierarchy and gives the folders, ready for a process to join. */
export async function makeCgroups(name: string): Promise<string[]> {
  const hierarchies = await readHierarchies();
  const folders: string[] = [];
  for (const hierarchy of hierarchies) {
    if (hierarchy.version === 2 && isUnified(hierarchies)) await enableControllers(hierarchy);
    const folder = join(hierarchy.own, name);
    await mkdir(folder, { recursive: true });
    if (hierarchy.controllers.includes("cpuset")) await inheritCpuset(hierarchy.own, folder);
    folders.push(folder);
  }
  return folders;
}

/** A cpuset starts without processors or memory nodes, and nothing can join it until it has some. */
async function inheritCpuset(parent: string, folder: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    await writeFile(join(folder, file), await readFile(join(parent, file), "utf8"));
  }
}

async function enableControllers(hierarchy: Hierarchy): Promise<void> {
  const available = (await readFile(join(hierarchy.own, "cgroup.controllers"), "utf8")).trim().split(" ");
  const control = join(hierarchy.own, "cgroup.subtree_control");
  const enabled = (await readFile(control, "utf8")).trim().split(" ");
  const lacking = available.filter((name) => name !== "" && !enabled.includes(name));
  if (lacking.length === 0) return;
  try {
    await writeFile(control, lacking.map((name) => `+${name}`).join(" "));
  } catch (error) {
    throw new Fault({
      what: "lab hosts cannot be given cgroup controllers here",
      where: hierarchy.own,
      got: `processes in the group itself, so that ${lacking.join(", ")} cannot be handed on`,
      allowed: "a machine whose init is systemd, or a group without processes of its own",
      remedy: "move the processes of that group into one below it, as a container's entry point does",
      cause: error,
    });
  }
}

/** Kills whatever is left in the groups and removes them with all that lies below. */
export async function removeCgroups(name: string): Promise<void> {
  for (const { own } of await readHierarchies()) await removeCgroupTree(join(own, name));
}

export async function removeCgroupTree(top: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    for (const folder of await foldersBelow(top)) {
      await killMembers(folder);
      await rmdir(folder).catch((error: unknown) => {
        // Busy while a killed process is on its way out; the next round meets it again.
        if (!isMissing(error) && !isBusy(error)) throw error;
      });
    }
    const left = await foldersBelow(top);
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      throw new Fault({
        what: "a cgroup cannot be removed",
        where: left[0] ?? top,
        got: "processes that do not end",
      });
    }
    await delay(20);
  }
}

async function killMembers(folder: string): Promise<void> {
  const members = (await readIfThere(join(folder, "cgroup.procs"))) ?? "";
  for (const line of members.split("\n")) {
    const pid = Number(line);
    if (pid > 0 && pid !== process.pid) send(pid, "SIGKILL");
  }
}

/** Deepest first, the top last; empty when the top is not there. */
async function foldersBelow(top: string): Promise<string[]> {
  const entries = await readdir(top, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (entries === undefined) return [];
  const below: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) below.push(...(await foldersBelow(join(top, entry.name))));
  }
  return [...below, top];
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EBUSY";
}
