/** Asks a host, in one round trip, what it holds of a list of things. */
import { z } from "zod";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { BASE, BIG, CLAIM_FILE, HASHES, LEDGERS } from "../layout.ts";
import { sh } from "../remote/quote.ts";
import type { HostWork } from "../remote/work.ts";
import { ledgerSchema, type Ledger } from "./ledger.ts";

export interface SurveyRequest {
  /** Whatever may be at these paths is described; links are not followed. */
  readonly paths: readonly string[];
  /** Files to be hashed, with the hash that is expected (or an empty string). */
  readonly hashes: ReadonlyMap<string, string>;
  /** Small files among those whose text is wanted when the hash is another than expected. */
  readonly reveal: ReadonlySet<string>;
  readonly packages: readonly string[];
  readonly users: readonly string[];
  readonly sysctls: readonly string[];
  readonly units: readonly string[];
}

/** Claim and ledgers only: they are part of every answer. */
export const EMPTY_REQUEST: SurveyRequest = {
  paths: [],
  hashes: new Map(),
  reveal: new Set(),
  packages: [],
  users: [],
  sysctls: [],
  units: [],
};

export interface FoundPath {
  readonly type: "file" | "directory" | "link" | "other";
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly size: number;
  readonly target: string;
  /** For a directory: whether nothing is in it. */
  readonly empty: boolean;
}

export interface FoundUser {
  readonly home: string;
  readonly shell: string;
  readonly groups: readonly string[];
}

export type FoundUnit = Readonly<Record<string, string>>;

export interface Survey {
  readonly claim: unknown;
  readonly ledgers: ReadonlyMap<string, Ledger>;
  readonly paths: ReadonlyMap<string, FoundPath>;
  readonly hashes: ReadonlyMap<string, string>;
  readonly contents: ReadonlyMap<string, string>;
  readonly packages: ReadonlyMap<string, string>;
  readonly users: ReadonlyMap<string, FoundUser>;
  readonly groups: ReadonlySet<string>;
  readonly sysctls: ReadonlyMap<string, string>;
  readonly units: ReadonlyMap<string, FoundUnit>;
  /** Drop-in files beside those units that an administrator may have put there, loaded or not. */
  readonly dropIns: readonly string[];
}

export const UNIT_PROPERTIES =
  "Id,LoadState,ActiveState,SubState,Result,UnitFileState,Type,RemainAfterExit,NeedDaemonReload,ConditionResult,ConditionTimestampMonotonic,ExecMainExitTimestampMonotonic,InvocationID";

/** Where administrators put drop-ins; those of packages and generators lie elsewhere. */
const DROP_IN_ROOTS = ["/etc/systemd/system", "/etc/systemd/system.control", "/run/systemd/system"];

export async function survey(work: HostWork, request: SurveyRequest, name: string): Promise<Survey> {
  const result = await work.step(name, surveyScript(request));
  try {
    return parseSurvey(result.stdout);
  } catch (error) {
    throw new Fault({
      what: "the host's answer could not be read",
      where: work.host,
      cause: error,
      remedy: `if a file below ${BASE} was damaged, restore it from a backup; without its ledger, what is there must be taken away by hand`,
    });
  }
}

export function surveyScript(request: SurveyRequest): string {
  const parts = [
    sh`if [ -e ${CLAIM_FILE} ]; then printf 'claim\\0'; cat ${CLAIM_FILE}; printf '\\0'; fi`,
    sh`for f in ${LEDGERS}/*.json; do if [ -e "$f" ]; then printf 'ledger\\0'; cat "$f"; printf '\\0'; fi; done`,
  ];
  if (request.paths.length > 0) {
    parts.push(
      sh`find ${request.paths} -maxdepth 0 -printf 'path\\0%p\\0%y\\0%m\\0%u\\0%g\\0%s\\0%l\\0' 2>/dev/null || :`,
      sh`find ${request.paths} -maxdepth 0 -type d -empty -printf 'empty\\0%p\\0' 2>/dev/null || :`,
    );
  }
  if (request.hashes.size > 0) parts.push(hashScript(request));
  if (request.packages.length > 0) {
    parts.push(
      `printf 'packages\\0'`,
      sh`dpkg-query -W -f '\${db:Status-Status} \${Package} \${Version}\\n' ${request.packages} 2>/dev/null || :`,
      `printf '\\0'`,
    );
  }
  if (request.users.length > 0) {
    parts.push(
      `printf 'passwd\\0'`,
      sh`getent passwd ${request.users} || :`,
      `printf '\\0group\\0'`,
      `getent group || :`,
      `printf '\\0'`,
    );
  }
  for (const key of request.sysctls) {
    parts.push(
      sh`f=${sysctlPath(key)}; if [ -r "$f" ]; then printf 'sysctl\\0%s\\0%s\\0' ${key} "$(<"$f")"; fi`,
    );
  }
  if (request.units.length > 0) {
    const folders = request.units.flatMap((unit) => DROP_IN_ROOTS.map((root) => `${root}/${unit}.d`));
    parts.push(sh`find ${folders} -maxdepth 1 -name '*.conf' -printf 'dropin\\0%p\\0' 2>/dev/null || :`);
  }
  // A template has no state of its own; systemctl refuses to show one.
  const shown = request.units.filter((unit) => !unit.includes("@."));
  if (shown.length > 0) {
    parts.push(
      `printf 'units\\0'`,
      sh`systemctl show --no-pager -p ${UNIT_PROPERTIES} -- ${shown} || :`,
      `printf '\\0'`,
    );
  }
  return parts.join("\n");
}

/**
 * Hashes files and, where one differs and is small and no secret, prints it as well. Hashes of big files are
 * remembered with the file's identity, size and times of change, so that looking again costs nothing.
 */
function hashScript(request: SurveyRequest): string {
  const expected = [...request.hashes].map(([path, hash]) => {
    return sh`[${path}]=${request.reveal.has(path) ? hash : ""}`;
  });
  return [
    `umask 077`,
    `declare -A expected=(${expected.join(" ")}) known=() signature=()`,
    sh`if [ -e ${HASHES} ]; then while read -r sig sum path; do known[$path]="$sig $sum"; done <${HASHES}; fi`,
    `unknown=()`,
    `while IFS= read -r -d '' sig && IFS= read -r -d '' path; do`,
    `  memory=\${known[$path]:-}`,
    `  if [ "$memory" != "\${memory#"$sig "}" ]; then`,
    `    printf 'hash\\0%s\\0%s\\0' "$path" "\${memory#"$sig "}"`,
    `  else unknown+=("$path"); signature[$path]=$sig; fi`,
    sh`done < <(find ${[...request.hashes.keys()]} -maxdepth 0 -type f -printf '%D:%i:%s:%T@:%C@\\0%p\\0' 2>/dev/null || :)`,
    `if [ "\${#unknown[@]}" -gt 0 ]; then`,
    `  while IFS= read -r -d '' line; do`,
    `    sum=\${line:0:64} path=\${line:66} size=\${signature[\${line:66}]#*:*:} want=\${expected[\${line:66}]:-}`,
    `    size=\${size%%:*}`,
    `    printf 'hash\\0%s\\0%s\\0' "$path" "$sum"`,
    sh`    if [ "$size" -ge ${BIG} ] && [ -d ${BASE} ]; then printf '%s %s %s\\n' "\${signature[$path]}" "$sum" "$path" >>${HASHES}; fi`,
    `    if [ -n "$want" ] && [ "$want" != "$sum" ] && [ "$size" -le 8192 ]; then`,
    `      printf 'content\\0%s\\0' "$path"; base64 -w0 -- "$path"; printf '\\0'`,
    `    fi`,
    `  done < <(sha256sum -z -- "\${unknown[@]}" 2>/dev/null || :)`,
    `fi`,
  ].join("\n");
}

/** The first separator in a setting's name decides, as for sysctl(8): a dot there makes all dots slashes. */
export function sysctlPath(key: string): string {
  const first = /[./]/.exec(key)?.[0];
  if (first === "/") return `/proc/sys/${key}`;
  const swapped = key.replaceAll(/[./]/g, (separator) => (separator === "." ? "/" : "."));
  return `/proc/sys/${swapped}`;
}

const PATH_TYPES: Readonly<Record<string, FoundPath["type"]>> = { f: "file", d: "directory", l: "link" };

export function parseSurvey(output: Buffer): Survey {
  const fields = output.toString("utf8").split("\0");
  let next = 0;
  const take = (): string => {
    const field = fields[next];
    if (field === undefined) throw new Error("the host's answer ended too early");
    next += 1;
    return field;
  };

  let claim: unknown;
  const ledgers = new Map<string, Ledger>();
  const paths = new Map<string, FoundPath>();
  const hashes = new Map<string, string>();
  const contents = new Map<string, string>();
  const packages = new Map<string, string>();
  const sysctls = new Map<string, string>();
  const units = new Map<string, FoundUnit>();
  const dropIns: string[] = [];
  let passwd = "";
  let group = "";
  while (next < fields.length - 1) {
    const tag = take();
    switch (tag) {
      case "claim":
        claim = parseJson(take());
        break;
      case "ledger": {
        const ledger = ledgerSchema.parse(parseJson(take()));
        ledgers.set(ledger.role, ledger);
        break;
      }
      case "path": {
        const path = take();
        const type = PATH_TYPES[take()] ?? "other";
        const mode = take().padStart(4, "0");
        paths.set(path, {
          type,
          mode,
          owner: take(),
          group: take(),
          size: Number(take()),
          target: take(),
          empty: false,
        });
        break;
      }
      case "empty": {
        const path = take();
        const found = paths.get(path);
        if (found !== undefined) paths.set(path, { ...found, empty: true });
        break;
      }
      case "hash":
        hashes.set(take(), take());
        break;
      case "content":
        contents.set(take(), Buffer.from(take(), "base64").toString("utf8"));
        break;
      case "packages":
        for (const line of take().split("\n")) {
          const [status, name, version] = line.split(" ");
          if (status === "installed" && name !== undefined) packages.set(name, version ?? "");
        }
        break;
      case "passwd":
        passwd = take();
        break;
      case "group":
        group = take();
        break;
      case "sysctl":
        sysctls.set(take(), take().trim().replaceAll(/\s+/g, " "));
        break;
      case "dropin":
        dropIns.push(take());
        break;
      case "units":
        for (const [name, unit] of parseUnits(take())) units.set(name, unit);
        break;
      default:
        throw new Error(`the host's answer holds an unknown part ${JSON.stringify(tag.slice(0, 40))}`);
    }
  }
  const { users, groups } = parseUsers(passwd, group);
  return { claim, ledgers, paths, hashes, contents, packages, users, groups, sysctls, units, dropIns };
}

function parseJson(text: string): unknown {
  try {
    return z.unknown().parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`a file of ours on the host is damaged: ${messageOf(error)}`, { cause: error });
  }
}

/** What `systemctl show` prints for several units. */
export function parseUnits(text: string): Map<string, FoundUnit> {
  const units = text.split("\n\n").map(parseUnit);
  return new Map(units.flatMap((unit) => (unit["Id"] === undefined ? [] : [[unit["Id"], unit] as const])));
}

function parseUnit(block: string): FoundUnit {
  const pairs = block
    .split("\n")
    .filter((line) => line.includes("="))
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const);
  return Object.fromEntries(pairs);
}

function parseUsers(passwd: string, group: string): { users: Map<string, FoundUser>; groups: Set<string> } {
  const groups = lines(group).map((line) => line.split(":"));
  const users = new Map<string, FoundUser>();
  for (const line of lines(passwd)) {
    const [name = "", , , , , home = "", shell = ""] = line.split(":");
    const memberOf = groups.filter(([, , , members]) => (members ?? "").split(",").includes(name));
    users.set(name, { home, shell, groups: memberOf.map(([id = ""]) => id).sort() });
  }
  return { users, groups: new Set(groups.map(([name = ""]) => name)) };
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
