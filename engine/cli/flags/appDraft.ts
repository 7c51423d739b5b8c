/** An image while the flags behind it are read. Each setter takes a flag's value, or says what is wrong with it. */
import type { Annotation, EnvironmentVariable } from "../../appc/imageManifest.ts";
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
  readonly environment: EnvironmentVariable[] = [];
  readonly mounts: Mount[] = [];
  readonly annotations: Annotation[] = [];
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
    const { image, environment, mounts, annotations } = this;
    return {
      image,
      arguments: this.arguments,
      environment,
      mounts,
      annotations,
      userAnnotations: Object.fromEntries(this.userAnnotations),
      userLabels: Object.fromEntries(this.userLabels),
      ...this.rest,
    };
  }
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
  name: once("name", "name", (draft, name) => {
    draft.rest = { ...draft.rest, name };
    return acNameMistake(name);
  }),
  exec: once("exec", "exec", (draft, exec) => {
    draft.rest = { ...draft.rest, exec };
    return exec === "" ? "a program must be named" : undefined;
  }),
  "working-dir": once("workingDirectory", "working-dir", (draft, workingDirectory) => {
    draft.rest = { ...draft.rest, workingDirectory };
    return workingDirectory.startsWith("/") ? undefined : "workingDirectory must be an absolute path";
  }),
  user: once("user", "user", (draft, user) => {
    draft.rest = { ...draft.rest, user };
    return user === "" ? "user is required" : undefined;
  }),
  group: once("group", "group", (draft, group) => {
    draft.rest = { ...draft.rest, group };
    return group === "" ? "group is required" : undefined;
  }),
  "supplementary-gids": (draft, value) => {
    const words = value.split(",");
    const wrong = words.find((word) => !/^\d{1,10}$/.test(word));
    draft.rest = { ...draft.rest, supplementaryGids: words.map(Number) };
    return wrong === undefined ? undefined : `${JSON.stringify(wrong)} is no group id`;
  },
  environment: (draft, value) => {
    const pair = pairOf(value);
    if (typeof pair === "string") return pair;
    if (draft.environment.some(({ name }) => name === pair[0])) {
      return `environment ${JSON.stringify(pair[0])} is already set`;
    }
    draft.environment.push({ name: pair[0], value: pair[1] });
    return environmentNameMistake(pair[0]);
  },
  annotation: (draft, value) => {
    const pair = pairOf(value);
    if (typeof pair === "string") return pair;
    draft.annotations.push({ name: pair[0], value: pair[1] });
    return acIdentifierMistake(pair[0]);
  },
  "user-annotation": (draft, value) => setOnce(draft.userAnnotations, value),
  "user-label": (draft, value) => setOnce(draft.userLabels, value),
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
    draft.rest = { ...draft.rest, capsRetain: [...(draft.rest.capsRetain ?? []), ...capabilities(value)] };
    return undefined;
  },
  "caps-remove": (draft, value) => {
    if (draft.rest.capsRetain !== undefined) return bothCapabilitySets;
    draft.rest = { ...draft.rest, capsRemove: [...(draft.rest.capsRemove ?? []), ...capabilities(value)] };
    return undefined;
  },
  seccomp: once("seccomp", "seccomp", (draft, value) => {
    const seccomp = seccompOf(value);
    if (typeof seccomp === "string") return seccomp;
    draft.rest = { ...draft.rest, seccomp };
    return undefined;
  }),
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

const bothCapabilitySets = "--caps-retain and --caps-remove cannot be used together for one image";

function addMount(draft: AppDraft, mount: Mount | string): string | undefined {
  if (typeof mount === "string") return mount;
  draft.mounts.push(mount);
  return undefined;
}

function setOnce(record: Map<string, string>, value: string): string | undefined {
  const pair = pairOf(value);
  if (typeof pair === "string") return pair;
  if (record.has(pair[0])) return `key ${JSON.stringify(pair[0])} already set`;
  record.set(...pair);
  return undefined;
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
