/**
 * Residents of a lab network (hosts, the registry) run below a small shell script that outlives its creator,
 * in control groups of their own: through systemd where that is the machine's init, and in a session of their
 * own elsewhere. Each has a folder, and from the folder's name follow the names of all that belongs to it.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Fault } from "../errors/fault.ts";
import { isUnified, makeCgroups, readHierarchies, removeCgroups } from "./cgroups.ts";
import { isThere, readIfThere } from "./files.ts";
import { hostNames } from "./names.ts";
import { deleteLink } from "./links.ts";
import { awaitEnd, readKnownProcess, send, type KnownProcess } from "./process.ts";
import { attempt, run } from "./program.ts";
import { shellAssignments } from "./shell-words.ts";

/** The script that becomes the payload, and what it reads. */
export interface Supervised {
  readonly boot: "boot-nspawn.sh" | "boot-kvm.sh" | "boot-registry.sh";
  readonly settings: Readonly<Record<string, string | readonly string[]>>;
}

const scripts = fileURLToPath(new URL(".", import.meta.url));

/** Starts it afresh; returns when its supervisor runs. */
export async function startSupervised(folder: string, what: Supervised): Promise<void> {
  const names = hostNames(folder);
  const settings = {
    CABLE: "",
    ...what.settings,
    SCRIPTS: scripts,
    BOOT: what.boot,
    ...(await prepareCgroups(names.cgroup)),
  };
  await writeFile(join(folder, "supervise.conf"), shellAssignments(settings), { mode: 0o600 });
  // Counted from the supervisor's start on; what an earlier one wrote would pass for a boot of this one.
  await rm(join(folder, "boots"), { force: true });
  await launch(names.unit, [join(scripts, "supervise.sh"), folder]);
  if (!(await bootsBeyond(folder, 0, 10_000)))
    throw await failedStart(folder, "its supervisor did not start");
}

/**
 * Asks the payload to end, and ends whatever is left after the grace; takes away cable and groups. Right for
 * one that does not run, too.
 */
export async function stopSupervised(
  folder: string,
  graceMilliseconds: number,
  ask: (payload: KnownProcess) => Promise<void>,
): Promise<void> {
  const names = hostNames(folder);
  const supervisor = await supervisorOf(folder);
  const payload = await payloadOf(folder);
  if (supervisor !== undefined) {
    if (graceMilliseconds > 0 && payload !== undefined) await ask(payload);
    if (graceMilliseconds === 0 || !(await awaitEnd(supervisor, graceMilliseconds)))
      send(supervisor.pid, "SIGKILL");
  }
  await sweepGroups(names.unit, names.cgroup);
  if (payload !== undefined && !(await awaitEnd(payload, 10_000))) {
    throw new Fault({ what: `process ${payload.pid} does not end`, where: folder });
  }
  await deleteLink(names.cable);
}

export function supervisorOf(folder: string): Promise<KnownProcess | undefined> {
  return readKnownProcess(join(folder, "supervisor.pid"));
}

export function payloadOf(folder: string): Promise<KnownProcess | undefined> {
  return readKnownProcess(join(folder, "payload.pid"));
}

export async function isRunning(folder: string): Promise<boolean> {
  return (await supervisorOf(folder)) !== undefined;
}

/** How often the supervisor has started its payload. */
export async function bootsOf(folder: string): Promise<number> {
  return Number((await readIfThere(join(folder, "boots"))) ?? "0");
}

export async function bootsBeyond(folder: string, before: number, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while ((await bootsOf(folder)) <= before) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/** An error with the ends of the logs. */
export async function failedStart(folder: string, what: string): Promise<Fault> {
  const tails: string[] = [];
  for (const name of ["supervisor.log", "console.log"]) {
    const text = (await readIfThere(join(folder, name))) ?? "";
    tails.push(withoutEscapes(text).trimEnd().split("\n").slice(-15).join("\n"));
  }
  return new Fault({
    what,
    where: folder,
    cause: tails.join("\n").trim(),
    remedy: "see console.log and supervisor.log in that folder",
  });
}

/** Consoles are full of colours and cursor movements. */
function withoutEscapes(text: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences begin with a control character
  return text.replaceAll(/\u001b\[[0-9;?!]*[a-zA-Z]|\r/g, "");
}

function initIsSystemd(): Promise<boolean> {
  return isThere("/run/systemd/system");
}

interface Groups {
  /** Groups that the supervisor joins by itself. */
  readonly CGROUPS: readonly string[];
  /** Groups that are emptied of what is below them before each boot. */
  readonly CLEARED: readonly string[];
  /** `yes` where systemd makes the group. */
  readonly DELEGATED: "yes" | "no";
}

async function prepareCgroups(cgroup: string): Promise<Groups> {
  if (await initIsSystemd()) return { CGROUPS: [], CLEARED: [], DELEGATED: "yes" };
  const folders = await makeCgroups(cgroup);
  if (!isUnified(await readHierarchies())) return { CGROUPS: folders, CLEARED: folders, DELEGATED: "no" };
  // In cgroup v2 only leaves have members: supervisor here, payload beside it.
  const joined = folders.map((folder) => join(folder, "supervisor"));
  for (const folder of joined) await mkdir(folder, { recursive: true });
  return { CGROUPS: joined, CLEARED: folders.map((folder) => join(folder, "payload")), DELEGATED: "no" };
}

async function launch(unit: string, command: readonly string[]): Promise<void> {
  if (!(await initIsSystemd())) {
    await run("setsid", ["--fork", ...command]);
    return;
  }
  const properties = [
    "Delegate=yes",
    "KillMode=mixed",
    "TasksMax=infinity",
    "LimitNOFILE=1048576",
    "TimeoutStopSec=20",
  ];
  await run("systemd-run", [
    "--quiet",
    "--collect",
    `--unit=${unit}`,
    ...properties.map((property) => `--property=${property}`),
    "--",
    ...command,
  ]);
}

/** Kills whatever still runs in the groups and takes them away. */
async function sweepGroups(unit: string, cgroup: string): Promise<void> {
  if (!(await initIsSystemd())) {
    await removeCgroups(cgroup);
    return;
  }
  // No such unit is what is wanted; whether that has been reached is asked at the end.
  await attempt("systemctl", ["kill", "--signal=SIGKILL", unit]);
  await attempt("systemctl", ["stop", unit]);
  await attempt("systemctl", ["reset-failed", unit]);
  const state = await attempt("systemctl", ["is-active", unit]);
  if (state.code === 0) throw new Fault({ what: `unit ${unit} does not stop`, got: state.stdout.trim() });
}
