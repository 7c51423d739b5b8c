/** An image while the flags behind it are read. Each setter takes a flag's value, or says what is wrong with it. */
import { isolatorMistake } from "../../appc/isolators.ts";
import { acIdentifierMistake, acNameMistake, environmentNameMistake } from "../../appc/names.ts";
import type { Mount } from "../../appc/podManifest.ts";
import { quantityMistake, wholeUnits } from "../../appc/quantity.ts";
import type { AppRequest, SeccompRequest, StreamMode } from "../../pods/requests.ts";
import { boolOf } from "../flagValues.ts";
import { pairOf } from "./keyedWords.ts";
import { mountedVolumeOfText, mountOfText } from "./volumeFlag.ts";

type Setter = (draft: AppDraft, value: string) => string | undefined;

export class AppDraft {
  readonly image: string;
  readonly arguments: string[] = [];
  readonly environment = new Map<string, string>();
  readonly mounts: Mount[] = [];
  readonly annotations = new Map<string, string>();
  readonly userAnnotations = new Map<string, string>();
  readonly userLabels = new Map<string, string>();
  rest: Omit<
    AppRequest,
    "image" | "arguments" | "environment" | "mounts" | "annotations" | "userAnnotations" | "userLabels"
  > = {};

  constructor(image: string) {
    this.image = image;
  }

  finish(): AppRequest {
    const { image, mounts } = this;
    return {
      image,
      arguments: this.arguments,
      environment: pairs(this.environment),
      mounts,
      annotations: pairs(this.annotations),
      userAnnotations: Object.fromEntries(this.userAnnotations),
      userLabels: Object.fromEntries(this.userLabels),
      ...this.rest,
    };
  }
}

function pairs(
  map: ReadonlyMap<string, string>,
): readonly { readonly name: string; readonly value: string }[] {
  return [...map].map(([name, value]) => ({ name, value }));
}

/** A value that may be given once. */
function once(name: keyof AppDraft["rest"], flag: string, set: Setter): Setter {
  return (draft, value) =>
    draft.rest[name] === undefined
      ? set(draft, value)
      : `--${flag} specified multiple times for the same image`;
}

/** What a flag that follows an image does with its value. */
export const appSetters: Readonly<Record<string, Setter>> = {
  signature: once("signature", "signature", (draft, signature) => {
    draft.rest = { ...draft.rest, signature };
    return undefined;
  }),
  name: (draft, name) => {
    draft.rest = { ...draft.rest, name };
    return acNameMistake(name);
  },
  exec: once("exec", "exec", (draft, exec) => {
    draft.rest = { ...draft.rest, exec };
    return exec === "" ? "a program must be named" : undefined;
  }),
  "working-dir": (draft, workingDirectory) => {
    draft.rest = { ...draft.rest, workingDirectory };
    return workingDirectory.startsWith("/") ? undefined : "workingDirectory must be an absolute path";
  },
  user: (draft, user) => {
    draft.rest = { ...draft.rest, user };
    return user === "" ? "user is required" : undefined;
  },
  group: (draft, group) => {
    draft.rest = { ...draft.rest, group };
    return group === "" ? "group is required" : undefined;
  },
  "supplementary-gids": (draft, value) => {
    const words = value.split(",");
    const before = draft.rest.supplementaryGids ?? [];
    draft.rest = { ...draft.rest, supplementaryGids: [...before, ...words.map(Number)] };
    return words.every((word) => /^\d{1,10}$/.test(word))
      ? undefined
      : "--supplementary-gids must be integers";
  },
  environment: (draft, value) => setPair(draft.environment, "environment", value, environmentNameMistake),
  annotation: (draft, value) => setPair(draft.annotations, "annotation", value, acIdentifierMistake),
  "user-annotation": (draft, value) => setPair(draft.userAnnotations, "user-annotation", value),
  "user-label": (draft, value) => setPair(draft.userLabels, "user-label", value),
  "readonly-rootfs": (draft, value) => {
    draft.rest = { ...draft.rest, readOnlyRootfs: boolOf(value) === true };
    return undefined;
  },
  mount: (draft, value) => addMount(draft, mountOfText(value)),
  "mnt-volume": (draft, value) => addMount(draft, mountedVolumeOfText(value)),
  memory: (draft, memory) => {
    draft.rest = { ...draft.rest, memory };
    const mistake = quantityMistake(memory);
    if (mistake !== undefined) return `error parsing request: ${mistake}`;
    const bytes = wholeUnits(memory);
    // Less than a page is a slip: 16m is thousandths of a byte.
    return bytes < 4096n
      ? `memory limit of ${bytes} bytes too low. Try a reasonable value, such as --memory=16M`
      : undefined;
  },
  cpu: (draft, cpu) => {
    draft.rest = { ...draft.rest, cpu };
    const mistake = quantityMistake(cpu);
    return mistake === undefined ? undefined : `error parsing request: ${mistake}`;
  },
  "cpu-shares": (draft, value) => {
    draft.rest = { ...draft.rest, cpuShares: Number(value) };
    return (
      wholeNumberMistake(value) ?? isolatorMistake({ name: "os/linux/cpu-shares", value: Number(value) })
    );
  },
  "oom-score-adj": (draft, value) => {
    draft.rest = { ...draft.rest, oomScoreAdj: Number(value) };
    return (
      wholeNumberMistake(value) ?? isolatorMistake({ name: "os/linux/oom-score-adj", value: Number(value) })
    );
  },
  "caps-retain": (draft, value) => {
    if (draft.rest.capsRemove !== undefined) return bothCapabilitySets;
    draft.rest = { ...draft.rest, capsRetain: capabilities(value) };
    return undefined;
  },
  "caps-remove": (draft, value) => {
    if (draft.rest.capsRetain !== undefined) return bothCapabilitySets;
    draft.rest = { ...draft.rest, capsRemove: capabilities(value) };
    return undefined;
  },
  seccomp: (draft, value) => {
    const seccomp = seccompOf(value);
    if (typeof seccomp === "string") return seccomp;
    draft.rest = { ...draft.rest, seccomp };
    return undefined;
  },
  stdin: (draft, value) => {
    const mode = streamMode(value);
    draft.rest = { ...draft.rest, ...(mode !== undefined && { stdin: mode }) };
    return undefined;
  },
  stdout: (draft, value) => {
    const mode = streamMode(value);
    draft.rest = { ...draft.rest, ...(mode !== undefined && { stdout: mode }) };
    return undefined;
  },
  stderr: (draft, value) => {
    const mode = streamMode(value);
    draft.rest = { ...draft.rest, ...(mode !== undefined && { stderr: mode }) };
    return undefined;
  },
};

const bothCapabilitySets = "cannot use both --caps-retain and --caps-remove on the same image";

function addMount(draft: AppDraft, mount: Mount | string): string | undefined {
  if (typeof mount === "string") return mount;
  draft.mounts.push(mount);
  return undefined;
}

/** The last value of a name counts. */
function setPair(
  pairs: Map<string, string>,
  flag: string,
  value: string,
  rule: (name: string) => string | undefined = () => undefined,
): string | undefined {
  const pair = pairOf(value);
  if (typeof pair === "string") return `invalid format of --${flag} flag ${JSON.stringify(value)}`;
  pairs.set(...pair);
  return rule(pair[0]);
}

function wholeNumberMistake(value: string): string | undefined {
  return /^[+-]?\d{1,9}$/.test(value)
    ? undefined
    : `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`;
}

function capabilities(value: string): readonly string[] {
  return value.split(",").map((name) => name.trim());
}

/** `mode=retain,errno=EPERM,chmod,chown` */
function seccompOf(value: string): SeccompRequest | string {
  let mode = "";
  let errno: string | undefined;
  const syscalls: string[] = [];
  for (const word of value.split(",")) {
    const [key = "", setting] = word.split("=", 2);
    if (setting === undefined) syscalls.push(word.trim());
    else if (key === "mode") mode = setting;
    else if (key === "errno") errno = setting;
    else return `unknown seccomp parameter ${JSON.stringify(key)}`;
  }
  if (mode !== "retain" && mode !== "remove") {
    return `unknown seccomp mode ${JSON.stringify(mode)}, must be retain or remove`;
  }
  const name = `os/linux/seccomp-${mode}-set`;
  const mistake = isolatorMistake({ name, value: { set: syscalls.filter((each) => each !== ""), errno } });
  return mistake ?? { mode, ...(errno !== undefined && { errno }), syscalls };
}

function streamMode(value: string): StreamMode | undefined {
  return (["null", "stream", "tty", "log", "interactive"] as const).find((mode) => mode === value);
}
