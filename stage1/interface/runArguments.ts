/** The arguments of the published entry points, of every version of the interface. */
import { Fault } from "../../errors/fault.ts";
import type { PodToRun } from "../contract.ts";

export interface RunArguments extends Pick<
  PodToRun,
  "uuid" | "debug" | "interactive" | "mutable" | "ipc" | "resolvConf" | "hosts" | "userNamespace"
> {
  readonly net: string;
  /** Version 2; before it, and when it is empty, pods are called after their UUID. */
  readonly hostname: string;
  readonly metadataToken: string;
  readonly localConfiguration: string;
  readonly withoutCapabilities: boolean;
  readonly withoutPaths: boolean;
  readonly withoutSeccomp: boolean;
}

export interface ReadArguments {
  readonly options: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** Options that stand alone; `--net` too, which names no network then. */
const switches = new Set([
  ...["debug", "interactive", "mutable", "force", "net"],
  ...["disable-capabilities-restriction", "disable-paths", "disable-seccomp"],
]);

/** As Go's flag package reads them: one dash or two, `=` or a word of its own, up to `--` or the first other word. */
export function readArguments(given: readonly string[]): ReadArguments {
  const options = new Map<string, string>();
  const rest = [...given];
  for (let word = rest[0]; word !== undefined; word = rest[0]) {
    const match = /^--?([a-z0-9-]+)(?:=([^]*))?$/.exec(word);
    if (word === "--") {
      rest.shift();
      break;
    }
    if (match?.[1] === undefined) break;
    rest.shift();
    const [, name, value] = match;
    if (value !== undefined) options.set(name, value);
    else if (switches.has(name)) options.set(name, "true");
    else options.set(name, rest.shift() ?? "");
  }
  return { options, words: rest };
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function uuidOf({ words: [uuid = ""] }: ReadArguments): string {
  if (!uuidForm.test(uuid)) throw new Fault({ what: "UUID is missing or malformed", got: uuid });
  return uuid;
}

export function runArguments(given: readonly string[]): RunArguments {
  const read = readArguments(given);
  const { options } = read;
  const isOn = (name: string): boolean => {
    const value = options.get(name);
    return value !== undefined && !["false", "0", "f", "F", "FALSE", "False"].includes(value);
  };
  const uuid = uuidOf(read);
  const privateUsers = options.get("private-users") ?? "";
  const dns = pairs(options.get("dns-conf-mode") ?? "");
  return {
    uuid,
    debug: isOn("debug"),
    interactive: isOn("interactive"),
    mutable: isOn("mutable"),
    net: options.get("net") ?? "",
    hostname: options.get("hostname") || `rkt-${uuid}`,
    metadataToken: options.get("mds-token") ?? "",
    localConfiguration: options.get("local-config") || "/etc/rkt",
    ipc: oneOf("ipc", options.get("ipc") || "auto", ["auto", "private", "parent"]),
    resolvConf: oneOf("dns-conf-mode", dns.get("resolv") ?? "default", ["host", "stage0", "none", "default"]),
    hosts: oneOf("dns-conf-mode", dns.get("hosts") ?? "default", ["host", "stage0", "default"]),
    withoutCapabilities: isOn("disable-capabilities-restriction"),
    withoutPaths: isOn("disable-paths"),
    withoutSeccomp: isOn("disable-seccomp"),
    ...(privateUsers === "" ? {} : { userNamespace: userNamespace(privateUsers) }),
  };
}

function userNamespace(text: string): { readonly first: number; readonly count: number } {
  const match = /^(\d+):(\d+)$/.exec(text);
  if (match === null)
    throw new Fault({ what: "--private-users is malformed", got: text, allowed: "FIRST:COUNT" });
  return { first: Number(match[1]), count: Number(match[2]) };
}

function pairs(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split(",")
      .filter((pair) => pair !== "")
      .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) {
    throw new Fault({ what: `--${name} is malformed`, got: value, allowed: allowed.join(", ") });
  }
  return found;
}
