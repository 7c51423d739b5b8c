/** Ranges of the host's users that pods have for themselves, with --private-users. */
import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import type { Flavour } from "../../stage1/contract.ts";
import { ownersProgram, type UserRange } from "../../stage1/users/mappedMounts.ts";
import { locked } from "../store/lock.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import { inPod } from "./podFolders.ts";
import { listPodFolders } from "./podState.ts";
import { privateUsersOf } from "./userRange.ts";

/** What every pod gets, as with systemd-nspawn: users 0 to 65535, at a multiple of that. */
const COUNT = 0x10000;
/** systemd's range for containers, in such steps. */
const FIRST_STEP = 0x80000 / COUNT;
const LAST_STEP = 0x6fff0000 / COUNT;

/** Chooses a range that nobody has, and writes it into the pod's folder before somebody else can choose it. */
export async function takePrivateUsers(data: string, folder: string): Promise<UserRange> {
  mkdirSync(join(data, "pods"), { recursive: true, mode: 0o750 });
  return await locked(join(data, "pods", "private-users.lck"), "exclusive", () => {
    const ofPods = listPodFolders(data).flatMap((pod) => privateUsersOf(pod.folder) ?? []);
    const users = freeRange([...ofPods, ...rangesOfHost()], randomInt);
    replaceFileSync(join(folder, inPod.privateUsers), `${users.first}:${users.count}`);
    return users;
  });
}

/** From a random one on, the first range that overlaps none of those that are taken. */
export function freeRange(
  taken: readonly UserRange[],
  random: (from: number, to: number) => number,
): UserRange {
  const steps = LAST_STEP - FIRST_STEP + 1;
  const start = random(0, steps);
  for (let tried = 0; tried < steps; tried++) {
    const range = { first: (FIRST_STEP + ((start + tried) % steps)) * COUNT, count: COUNT };
    if (!taken.some((other) => overlap(range, other))) return range;
  }
  throw new Fault({ what: "no range of users is left for another pod", remedy: "run rkt gc" });
}

function overlap(one: UserRange, other: UserRange): boolean {
  return one.first < other.first + other.count && other.first < one.first + one.count;
}

/** Ranges that were given to the host's users, and its users themselves. */
function rangesOfHost(): readonly UserRange[] {
  const granted = ["/etc/subuid", "/etc/subgid"].flatMap((file) =>
    fieldsOf(file).map(([, first, count]) => ({ first: Number(first), count: Number(count) })),
  );
  const known = ["/etc/passwd", "/etc/group"].flatMap((file) =>
    fieldsOf(file).map(([, , id]) => ({ first: Number(id), count: 1 })),
  );
  return [...granted, ...known].filter(({ first, count }) => Number.isInteger(first) && count > 0);
}

function fieldsOf(file: string): readonly (readonly string[])[] {
  return textOf(file)
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line) => line.split(":"));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return "";
    throw error;
  }
}

/** Two flavours have no use for them, and say so before anything is fetched. */
export function refusePrivateUsers(flavour: Flavour["name"]): void {
  if (flavour === "fly") {
    throw new Fault({
      what: "flag --private-users cannot be used with the fly flavour",
      remedy: "an app under fly has the host's users; choose another stage1",
    });
  }
  if (flavour === "kvm") {
    throw new Fault({
      what: "flag --private-users cannot be used with the kvm flavour",
      remedy: "leave it out: the machine's users are none of the host's already",
    });
  }
}

/** Whether trees in a folder can be mounted with other owners, and an overlay laid over them. */
export async function canMapOwners(folder: string, { first, count }: UserRange): Promise<boolean> {
  try {
    await promisify(execFile)(ownersProgram(), ["probe", String(first), String(count), folder]);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw error;
    return false;
  }
}

/** Makes a copy of a tree the pod's own. */
export async function giveTree(tree: string, { first, count }: UserRange): Promise<void> {
  await promisify(execFile)(ownersProgram(), ["give", String(first), String(count), tree]);
}
