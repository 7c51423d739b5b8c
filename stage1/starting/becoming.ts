/** How the program `become` is called for a process of an app. */
import { allCapabilities, type Capability } from "../capabilities.ts";
import type { AppUser } from "../appUser.ts";

export interface Becoming {
  /** Where `become` itself lies. */
  readonly program: string;
  /** Folder that is to be the root; absent where the caller is in it already. */
  readonly root?: string;
  readonly folder: string;
  readonly user: Pick<AppUser, "uid" | "gid" | "supplementaryGids">;
  /** What stays in the bounding set; absent for whatever the caller has. */
  readonly capabilities?: readonly Capability[];
  readonly noNewPrivileges: boolean;
  /** File of NAME=VALUE, each ended by a zero byte. */
  readonly environment: string;
  /** What comes on top of that file, such as the caller's TERM. */
  readonly variables?: readonly (readonly [string, string])[];
  readonly pidFile?: string;
  /** The process whose system call filters are taken on. */
  readonly seccompOf?: string;
  /** The process whose user namespace is joined. */
  readonly usersOf?: string;
}

export function becomeWords(becoming: Becoming, command: readonly string[]): readonly string[] {
  const option = (name: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [`--${name}`, value];
  const { user, capabilities } = becoming;
  return [
    becoming.program,
    ...option("root", becoming.root),
    ...option("folder", becoming.folder),
    ...option("user", String(user.uid)),
    ...option("groups", [user.gid, ...user.supplementaryGids].join(",")),
    ...option("keep-capabilities", capabilities === undefined ? undefined : maskOf(capabilities)),
    ...(becoming.noNewPrivileges ? ["--no-new-privileges"] : []),
    ...option("environment", becoming.environment),
    ...(becoming.variables ?? []).flatMap(([name, value]) => option("set", `${name}=${value}`)),
    ...option("pid-file", becoming.pidFile),
    ...option("seccomp-of", becoming.seccompOf),
    ...option("users-of", becoming.usersOf),
    "--",
    ...command,
  ];
}

/** Capabilities as the kernel writes them in /proc/PID/status. */
export function maskOf(capabilities: readonly Capability[]): string {
  return capabilities
    .reduce((mask, capability) => mask | (1n << BigInt(allCapabilities.indexOf(capability))), 0n)
    .toString(16)
    .padStart(16, "0");
}

/** The environment as `become` reads it. */
export function environmentFile(environment: ReadonlyMap<string, string>): string {
  return [...environment].map(([name, value]) => `${name}=${value}\0`).join("");
}
