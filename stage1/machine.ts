import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors/fault.ts";
import type { PodToRun } from "./contract.ts";
import { SystemBus, textOf } from "../engine/bus/systemBus.ts";
import { Variant, type BusValue } from "../engine/bus/wireFormat.ts";

/** Where this host wants a pod's processes to be counted. */
export interface PodCgroup {
  /** From the top of a hierarchy; the apps' cgroups go below it. */
  readonly path: string;
  /** True where every controller is on the one hierarchy of cgroup v2. */
  readonly unified: boolean;
}

export const cgroupRoot = "/sys/fs/cgroup";

export function machineName(uuid: string): string {
  return `rkt-${uuid}`;
}

/** systemd's spelling of a word inside a unit's name. */
export function escapeForUnit(word: string): string {
  return word.replace(/[^A-Za-z0-9:_.]/g, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}

export function scopeOf(uuid: string): string {
  return `machine-${escapeForUnit(machineName(uuid))}.scope`;
}

/** The cgroup of a process in systemd's own hierarchy, out of /proc/PID/cgroup. */
export function systemdCgroup(text: string): string {
  const lines = text.trim().split("\n");
  const named =
    lines.find((line) => line.split(":")[1] === "name=systemd") ??
    lines.find((line) => line.startsWith("0::"));
  return named?.split(":").slice(2).join(":") ?? "/";
}

/** A service that systemd started keeps its pods in itself; a shell's session does not outlive its user. */
export function isService(cgroup: string): boolean {
  return cgroup.split("/").some((part) => part.endsWith(".service") && !part.startsWith("user@"));
}

/** Whether systemd itself has started a process, from /proc/PID/stat. */
export function isMainProcess(stat: string): boolean {
  // The name in parentheses may hold anything, so count from behind it: state, parent.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === "1";
}

/**
 * Puts the process that becomes the pod where the pod shall be: into a scope of its own below machine.slice, or, under a service, where it
 * is. Then tells machined, so that `machinectl` shows the pod. Where either is missing the pod runs all the same.
 */
export async function enterMachine(
  { uuid, folder, leader }: Pick<PodToRun, "uuid" | "folder" | "leader">,
  warn: (text: string) => void,
  record: (cgroup: PodCgroup) => void,
): Promise<PodCgroup> {
  const unified = existsSync(join(cgroupRoot, "cgroup.controllers"));
  const here = systemdCgroup(readFileSync(`/proc/${leader}/cgroup`, "utf8"));
  if (!existsSync("/run/systemd/system")) {
    warn("systemd does not run this host: the pod stays in the cgroup of the command that started it");
    const alone = { path: join(here, machineName(uuid)), unified };
    record(alone);
    return belowOwn(alone, leader);
  }
  const bus = new SystemBus();
  try {
    const service = isService(here);
    const cgroup = { path: service ? here : `/machine.slice/${scopeOf(uuid)}`, unified };
    record(cgroup);
    if (!service) await startScope(bus, uuid, leader);
    // machined stops the unit that it finds a pod in when the pod ends: a service that does more than run it would go too.
    if (service && !isMainProcess(readFileSync(`/proc/${leader}/stat`, "utf8")))
      return belowOwn(cgroup, leader);
    await register(bus, uuid, folder, leader).catch((error: unknown) => {
      warn(`machinectl will not show this pod: ${messageOf(error)}`);
    });
    return belowOwn(cgroup, leader);
  } finally {
    bus.close();
  }
}

/** cgroup v2 has processes in leaves only, so those of the pod itself go into one beside the apps'. */
function belowOwn(cgroup: PodCgroup, leader: number): PodCgroup {
  if (!cgroup.unified) return cgroup;
  const leaf = join(cgroupRoot, cgroup.path, "pod");
  mkdirSync(leaf, { recursive: true });
  writeFileSync(join(leaf, "cgroup.procs"), String(leader));
  return cgroup;
}

async function startScope(bus: SystemBus, uuid: string, leader: number): Promise<void> {
  // The job may end before its name is known: what ends meanwhile is kept.
  const ended = new Map<string, string>();
  let noticed = Promise.withResolvers<undefined>();
  const listening = bus.listen(
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
    ({ member, values: [, path, , result] }) => {
      if (member !== "JobRemoved") return;
      ended.set(textOf(path), textOf(result));
      noticed.resolve(undefined);
      noticed = Promise.withResolvers();
    },
  );
  listening.catch(() => undefined); // the call below fails for the same cause
  const properties: readonly BusValue[] = [
    ["PIDs", new Variant("au", [leader])],
    ["Slice", new Variant("s", "machine.slice")],
    ["Description", new Variant("s", `Pod ${uuid}`)],
    ["Delegate", new Variant("b", true)],
    ["CollectMode", new Variant("s", "inactive-or-failed")],
  ];
  const [path] = await bus.call({
    destination: "org.freedesktop.systemd1",
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
    member: "StartTransientUnit",
    signature: "ssa(sv)a(sa(sv))",
    values: [scopeOf(uuid), "fail", properties, []],
  });
  const job = textOf(path);
  while (!ended.has(job)) await noticed.promise;
  (await listening)();
  const result = ended.get(job);
  if (result !== "done") throw new Error(`systemd could not start ${scopeOf(uuid)}: ${result ?? ""}`);
}

async function register(bus: SystemBus, uuid: string, folder: string, leader: number): Promise<void> {
  await bus.call({
    destination: "org.freedesktop.machine1",
    path: "/org/freedesktop/machine1",
    interface: "org.freedesktop.machine1.Manager",
    member: "RegisterMachine",
    signature: "sayssus",
    values: [
      machineName(uuid),
      Buffer.from(uuid.replaceAll("-", ""), "hex"),
      "rkt",
      "container",
      leader,
      folder,
    ],
  });
}
