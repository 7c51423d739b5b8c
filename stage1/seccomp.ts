import { seccompSet } from "../engine/appc/isolators.ts";
import type { App } from "../engine/appc/imageManifest.ts";
import { Fault } from "../errors/fault.ts";
import { everyCall, machineCalls, seccompSets } from "./seccompSets.ts";

/** A filter as a flavour enforces it: all calls but these, or none but these. */
export interface SeccompFilter {
  readonly mode: "retain" | "remove";
  readonly syscalls: readonly string[];
  /** What a call that is not allowed gets. */
  readonly errno: string;
}

const DEFAULT_ERRNO = "EPERM";

/** The filter that an app's isolators ask for; undefined for no filter. */
export function seccompFilterOf(app: App, unrestricted: boolean): SeccompFilter | undefined {
  if (unrestricted) return undefined;
  const asked = seccompSet(app.isolators);
  if (asked === undefined) return { mode: "remove", syscalls: machineCalls, errno: DEFAULT_ERRNO };
  const { mode, set, errno } = asked;
  const where = `os/linux/seccomp-${mode}-set`;
  const every = set.includes(everyCall);
  const syscalls = new Set(every ? [] : set.flatMap((name) => callsOf(name, where)));
  const none = !every && syscalls.size === 0;
  // To keep every call is no filter, and so is to remove none.
  if (mode === "retain" ? every : none) return undefined;
  if (every || none) {
    throw new Fault({ what: "no app can start without any system call", where, got: set.join(", ") });
  }
  return { mode, syscalls: [...syscalls].sort(), errno: errno ?? DEFAULT_ERRNO };
}

function callsOf(name: string, where: string): readonly string[] {
  if (!name.startsWith("@")) return [name];
  const sets = seccompSets();
  const calls = sets[name];
  if (calls === undefined) {
    throw new Fault({
      what: "unknown set of system calls",
      where,
      got: name,
      allowed: [...Object.keys(sets), everyCall].join(", "),
      remedy: "name the system calls one by one, or one of the sets above",
    });
  }
  return calls;
}
