/** What is known of isolators: which there are, what their values hold, and what an app's list of them comes to. */
import type { Isolator } from "./imageManifest.ts";
import { quantityMistake, thousandths, wholeUnits } from "./quantity.ts";

type Fields = Readonly<Record<string, unknown>>;

const checks: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  "resource/block-bandwidth": (value) => defaultResourceMistake(value),
  "resource/block-iops": (value) => defaultResourceMistake(value),
  "resource/network-bandwidth": (value) => defaultResourceMistake(value),
  "resource/cpu": (value) => resourceMistake(value),
  "resource/memory": (value) => resourceMistake(value),
  "os/linux/capabilities-retain-set": (value) => setMistake(value),
  "os/linux/capabilities-remove-set": (value) => setMistake(value),
  "os/linux/seccomp-retain-set": (value) => setMistake(value) ?? errnoMistake(value),
  "os/linux/seccomp-remove-set": (value) => setMistake(value) ?? errnoMistake(value),
  "os/linux/no-new-privileges": (value) =>
    typeof value === "boolean" ? undefined : "value must be true or false",
  "os/linux/oom-score-adj": (value) => rangeMistake("os/linux/oom-score-adj", value, -1000, 1000),
  "os/linux/cpu-shares": (value) => rangeMistake("os/linux/cpu-shares", value, 2, 262144),
  "os/linux/selinux-context": (value) => selinuxMistake(value),
  "os/unix/sysctl": (value) =>
    isFields(value) && Object.values(value).every((each) => typeof each === "string")
      ? undefined
      : "value must be an object of strings",
};

/** Either of these is the whole setting: the two kinds of one set exclude each other. */
const conflicts: readonly (readonly [string, string])[] = [
  ["os/linux/seccomp-retain-set", "os/linux/seccomp-remove-set"],
];

const single = new Set([
  "os/linux/seccomp-retain-set",
  "os/linux/seccomp-remove-set",
  "os/linux/oom-score-adj",
  "os/linux/cpu-shares",
  "os/linux/selinux-context",
  "os/unix/sysctl",
]);

/** What is wrong with one isolator. One that nobody here knows is refused: it may be all that holds an app back. */
export function isolatorMistake({ name, value }: Isolator): string | undefined {
  const check = checks[name];
  return check === undefined ? `invalid isolator ${JSON.stringify(name)}` : check(value);
}

/** What is wrong with several isolators of one app taken together. */
export function isolatorSetMistake(isolators: readonly Isolator[]): string | undefined {
  const names = isolators.map(({ name }) => name);
  const twice = names.find((name, index) => single.has(name) && names.indexOf(name) !== index);
  if (twice !== undefined) return `isolators set contains too many instances of type ${twice}`;
  if (conflicts.some((pair) => pair.every((name) => names.includes(name)))) {
    return "isolators set contains incompatible types";
  }
  return undefined;
}

/** The limit in bytes, from the last isolator that says one. */
export function memoryLimit(isolators: readonly Isolator[]): bigint | undefined {
  const limit = limitOf(isolators, "resource/memory");
  return limit === undefined ? undefined : wholeUnits(limit);
}

/** The limit in thousandths of a processor. */
export function cpuLimit(isolators: readonly Isolator[]): bigint | undefined {
  const limit = limitOf(isolators, "resource/cpu");
  return limit === undefined ? undefined : thousandths(limit);
}

export function cpuShares(isolators: readonly Isolator[]): number | undefined {
  return numberOf(isolators, "os/linux/cpu-shares");
}

export function oomScoreAdj(isolators: readonly Isolator[]): number | undefined {
  return numberOf(isolators, "os/linux/oom-score-adj");
}

export function noNewPrivileges(isolators: readonly Isolator[]): boolean {
  return valueOf(isolators, "os/linux/no-new-privileges") === true;
}

/** Undefined where the app has no such isolator. Names are as written, e.g. `CAP_NET_ADMIN`. */
export function capabilitySet(
  isolators: readonly Isolator[],
  kind: "retain" | "remove",
): readonly string[] | undefined {
  const value = valueOf(isolators, `os/linux/capabilities-${kind}-set`);
  return value === undefined ? undefined : stringsIn(value, "set");
}

export interface SeccompSet {
  readonly mode: "retain" | "remove";
  /** System calls, and sets such as `@docker/default-whitelist`. */
  readonly set: readonly string[];
  readonly errno?: string;
}

export function seccompSet(isolators: readonly Isolator[]): SeccompSet | undefined {
  for (const mode of ["retain", "remove"] as const) {
    const value = valueOf(isolators, `os/linux/seccomp-${mode}-set`);
    if (value === undefined) continue;
    const errno = isFields(value) ? value["errno"] : undefined;
    return {
      mode,
      set: stringsIn(value, "set"),
      ...(typeof errno === "string" && errno !== "" && { errno }),
    };
  }
  return undefined;
}

/** Kernel settings by name; later isolators over earlier ones. */
export function sysctls(isolators: readonly Isolator[]): Readonly<Record<string, string>> {
  const value = valueOf(isolators, "os/unix/sysctl");
  return isFields(value)
    ? Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
    : {};
}

/** The last isolator of a name wins, as it does in rkt. */
function valueOf(isolators: readonly Isolator[], name: string): unknown {
  return isolators.findLast((isolator) => isolator.name === name)?.value;
}

function limitOf(isolators: readonly Isolator[], name: string): string | undefined {
  const value = valueOf(isolators, name);
  const limit = isFields(value) ? value["limit"] : undefined;
  return limit === undefined || limit === null ? undefined : quantityText(limit);
}

function numberOf(isolators: readonly Isolator[], name: string): number | undefined {
  const value = valueOf(isolators, name);
  return typeof value === "number" ? value : undefined;
}

function stringsIn(value: unknown, key: string): readonly string[] {
  const list = isFields(value) ? value[key] : undefined;
  return Array.isArray(list) ? list.filter((each): each is string => typeof each === "string") : [];
}

/** A quantity may be written as a bare number too. */
function quantityText(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function resourceMistake(value: unknown): string | undefined {
  if (!isFields(value)) return 'value must be an object such as {"limit": "64M"}';
  if (value["default"] === true) return "default must be false";
  for (const key of ["request", "limit"]) {
    const amount = value[key];
    if (amount === undefined || amount === null) continue;
    const text = quantityText(amount);
    const mistake = text === undefined ? "a quantity is a string or a number" : quantityMistake(text);
    if (mistake !== undefined) return `${key}: ${mistake}`;
  }
  return undefined;
}

/** The resources that appc lets be set for a whole device only. */
function defaultResourceMistake(value: unknown): string | undefined {
  if (!isFields(value) || value["default"] !== true) return "default must be true";
  if (value["request"] !== undefined && value["request"] !== null) {
    return "request not supported by this resource, must be empty";
  }
  return resourceMistake({ limit: value["limit"] });
}

function setMistake(value: unknown): string | undefined {
  const set = isFields(value) ? value["set"] : undefined;
  if (!Array.isArray(set) || set.length === 0) return "set must be non-empty";
  return set.every((each) => typeof each === "string") ? undefined : "set must hold strings";
}

function errnoMistake(value: unknown): string | undefined {
  const errno = isFields(value) ? value["errno"] : undefined;
  if (errno === undefined || errno === "" || errno === null) return undefined;
  if (typeof errno !== "string" || !errno.startsWith("E")) {
    return `errno must start with an 'E' character, got ${JSON.stringify(errno)}`;
  }
  return /^[A-Z0-9]+$/.test(errno)
    ? undefined
    : `errno can only contain upper case or numeric characters, got ${errno}`;
}

function rangeMistake(name: string, value: unknown, least: number, most: number): string | undefined {
  if (typeof value !== "number" || !Number.isInteger(value)) return "value must be a whole number";
  return value >= least && value <= most
    ? undefined
    : `${name} must be between ${least} and ${most}, got ${value}`;
}

function selinuxMistake(value: unknown): string | undefined {
  for (const key of ["user", "role", "type", "level"]) {
    const part = isFields(value) ? value[key] : undefined;
    if (typeof part !== "string" || part === "" || (key !== "level" && part.includes(":"))) {
      return `invalid ${key} value ${JSON.stringify(part ?? "")}`;
    }
  }
  return undefined;
}
