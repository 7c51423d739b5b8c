/** Requests about pods from what a command line says. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { parseNameFlags } from "../../network/nameResolution.ts";
import { parseNetworks } from "../../network/networkList.ts";
import { parsePort } from "../../network/ports.ts";
import type { EnvironmentVariable } from "../../appc/imageManifest.ts";
import type { PrepareRequest, PullPolicy, Stage1Choice, StartRequest } from "../../pods/requests.ts";
import type { FlagValues, GivenFlag } from "../flagValues.ts";
import type { CommandGrammar } from "../grammar/grammar.ts";
import { invalidFlag, type Said } from "../parse.ts";
import { readImages } from "./images.ts";
import { pairOf } from "./keyedWords.ts";
import { volumeOfText } from "./volumeFlag.ts";

/** What a command line is read into, and where mistakes of flags are told. */
export interface SaidCommand {
  readonly grammar: CommandGrammar;
  readonly flags: FlagValues;
  readonly said: readonly Said[];
}

export function prepareRequest(command: SaidCommand): PrepareRequest {
  const { flags } = command;
  const images = readImages(command.grammar, command.said);
  const manifest = flags.text("pod-manifest");
  const pullPolicy = pullPolicyOf(flags, "new");
  const shared = {
    stage1: stage1Choice(command),
    privateUsers: flags.flag("private-users"),
    noOverlay: flags.flag("no-overlay"),
  };
  if (manifest !== undefined) {
    const conflicting = [
      "volume",
      "mount",
      "port",
      "pull-policy",
      "store-only",
      "no-store",
      "inherit-env",
      "set-env",
      "set-env-file",
    ];
    if (images.apps.length > 0 || conflicting.some((name) => flags.has(name))) {
      throw new Fault({ what: "conflicting flags set with --pod-manifest (see --help)" });
    }
    return { content: { from: "manifest", path: resolve(manifest) }, ...shared };
  }
  if (images.apps.length === 0) {
    throw new Fault({ what: "must provide at least one image or specify the pod manifest" });
  }
  return {
    content: {
      from: "images",
      ...images,
      volumes: each(command, "volume", volumeOfText),
      ports: each(command, "port", parsePort),
      pullPolicy,
      inheritEnvironment: flags.flag("inherit-env"),
      setEnvironment: setEnvironment(command),
      annotations: [],
      userAnnotations: {},
      userLabels: {},
    },
    ...shared,
  };
}

export function startRequest(command: SaidCommand): StartRequest {
  const { flags } = command;
  const hostname = flags.text("hostname");
  return {
    networks: networksOf(command),
    names: namesOf(flags),
    ...(hostname !== undefined && { hostname }),
    ipc: ipcOf(flags),
    mdsRegister: flags.flag("mds-register"),
    interactive: flags.flag("interactive"),
  };
}

/** What cannot go together when a pod is prepared and started at once. */
export function refuseContradictions(prepare: PrepareRequest, start: StartRequest): void {
  const uses = (name: string): boolean => start.networks.some((network) => network.name === name);
  const { content } = prepare;
  if (content.from === "images") {
    for (const name of ["none", "host"]) {
      if (content.ports.length > 0 && uses(name)) {
        throw new Fault({ what: `--port flag does not work with '${name}' networking` });
      }
    }
    if (start.interactive && content.apps.length > 1) {
      throw new Fault({ what: "interactive option only supports one image" });
    }
  }
  if (start.mdsRegister && uses("none")) {
    throw new Fault({
      what: "--mds-register flag does not work with --net=none. Please use 'host', 'default' or an equivalent network",
    });
  }
}

export function pullPolicyOf(flags: FlagValues, byDefault: PullPolicy): PullPolicy {
  const only = flags.flag("store-only");
  const never = flags.flag("no-store");
  if (only && never) throw new Fault({ what: "both --store-only and --no-store specified" });
  if (only) return "never";
  if (never) return "update";
  return (
    (["never", "new", "update"] as const).find((policy) => policy === flags.text("pull-policy")) ?? byDefault
  );
}

export function stage1Choice({ flags }: SaidCommand): Stage1Choice {
  const chosen = (["url", "path", "name", "hash", "from-dir"] as const).flatMap((from) => {
    const value = flags.text(`stage1-${from}`);
    return value === undefined ? [] : [{ from, value }];
  });
  const [first, second] = chosen;
  if (first === undefined) return { from: "default" };
  if (second !== undefined) {
    throw new Fault({
      what: `--stage1-${first.from} and --stage1-${second.from} cannot be used together`,
    });
  }
  if (first.from === "from-dir") return { from: "folder", fileName: first.value };
  return { from: first.from, value: first.from === "path" ? resolve(first.value) : first.value };
}

/** The values of a repeatable flag; a mistake is told with the flag. */
export function each<T>(
  { grammar, flags }: SaidCommand,
  name: string,
  read: (text: string) => T | string,
): readonly T[] {
  return flags.all(name).map((flag) => {
    const value = told(grammar, flag, read);
    if (typeof value === "string") throw invalidFlag(grammar, flag, value);
    return value;
  });
}

function told<T>(grammar: CommandGrammar, flag: GivenFlag, read: (text: string) => T): T {
  try {
    return read(flag.value);
  } catch (error) {
    throw error instanceof Fault ? invalidFlag(grammar, flag, error.message) : error;
  }
}

function networksOf(command: SaidCommand): StartRequest["networks"] {
  const networks = each(command, "net", parseNetworks).flat();
  const twice = networks.find(
    ({ name }, index) => networks.findIndex((other) => other.name === name) !== index,
  );
  if (twice !== undefined) throw new Fault({ what: `found duplicate netname ${JSON.stringify(twice.name)}` });
  return networks.length === 0 ? [{ name: "default", arguments: {} }] : networks;
}

function namesOf(flags: FlagValues): StartRequest["names"] {
  const domain = flags.text("dns-domain");
  try {
    return parseNameFlags({
      dns: flags.texts("dns"),
      dnsSearch: flags.texts("dns-search"),
      dnsOpt: flags.texts("dns-opt"),
      ...(domain !== undefined && { dnsDomain: domain }),
      hostsEntry: flags.texts("hosts-entry"),
    });
  } catch (error) {
    throw error instanceof Fault
      ? new Fault({ ...error.details, what: `error with dns flags: ${error.details.what}` })
      : error;
  }
}

function ipcOf(flags: FlagValues): StartRequest["ipc"] {
  return (["private", "parent"] as const).find((mode) => mode === flags.text("ipc")) ?? "auto";
}

/** Files first, then what stands on the command line: later wins. */
function setEnvironment(command: SaidCommand): readonly EnvironmentVariable[] {
  const variables = new Map<string, string>();
  for (const path of command.flags.all("set-env-file")) {
    for (const [name, value] of variablesOf(command, path)) variables.set(name, value);
  }
  const said = new Set<string>();
  for (const [name, value] of each(command, "set-env", pairOf)) {
    if (said.has(name)) throw new Fault({ what: `key ${JSON.stringify(name)} already set` });
    said.add(name);
    variables.set(name, value);
  }
  return [...variables].map(([name, value]) => ({ name, value }));
}

/** Lines NAME=VALUE; empty ones and those beginning with # or ; say nothing. */
function variablesOf({ grammar }: SaidCommand, flag: GivenFlag): ReadonlyMap<string, string> {
  const path = flag.value;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw invalidFlag(grammar, flag, messageOf(error));
  }
  const variables = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || /^[#;]/.test(line)) continue;
    const pair = pairOf(line);
    if (typeof pair === "string" || pair[0] === "") {
      throw invalidFlag(
        grammar,
        flag,
        `environment variable must be specified as name=value (file ${JSON.stringify(path)})`,
      );
    }
    if (variables.has(pair[0])) {
      throw invalidFlag(
        grammar,
        flag,
        `environment variable ${JSON.stringify(pair[0])} already set (file ${JSON.stringify(path)})`,
      );
    }
    variables.set(pair[0], pair[1]);
  }
  return variables;
}
