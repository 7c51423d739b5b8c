import { Fault } from "../../../errors/fault.ts";
import type { Mount } from "../../appc/podManifest.ts";
import type { AppRequest } from "../../pods/requests.ts";
import type { CommandGrammar } from "../grammar/grammar.ts";
import { imagesMistake, invalidFlag, type Said } from "../parse.ts";
import type { GivenFlag } from "../flagValues.ts";
import { AppDraft, appSetters } from "./appDraft.ts";
import { mountOfText } from "./volumeFlag.ts";

export interface SaidImages {
  readonly apps: readonly AppRequest[];
  /** Mounts that came before the first image. */
  readonly mounts: readonly Mount[];
}

const renamed: Readonly<Record<string, string>> = {
  "cap-retain": "caps-retain",
  "cap-remove": "caps-remove",
};

/** The images of a command line with the flags and arguments that follow each. */
export function readImages(
  command: CommandGrammar,
  said: readonly Said[],
  appArguments: "allowed" | "refused" = "allowed",
): SaidImages {
  const drafts: AppDraft[] = [];
  const mounts: Mount[] = [];
  let withArguments: AppDraft | undefined;
  for (const each of said) {
    const last = drafts.at(-1);
    if (each === "arguments") {
      const mistake = argumentsMistake(last, withArguments, appArguments);
      if (mistake !== undefined) throw new Fault({ what: `${imagesMistake(command)}: ${mistake}` });
      withArguments = last;
    } else if ("word" in each) {
      drafts.push(new AppDraft(each.word));
    } else if ("argument" in each) {
      last?.arguments.push(each.argument);
    } else {
      setFlag(command, each.flag, last, mounts);
    }
  }
  return { apps: drafts.map((draft) => draft.finish()), mounts };
}

function argumentsMistake(
  last: AppDraft | undefined,
  withArguments: AppDraft | undefined,
  appArguments: "allowed" | "refused",
): string | undefined {
  if (appArguments === "refused") return "app arguments unsupported";
  if (last === undefined) return "an image is required before any app arguments";
  return last === withArguments ? "only one set of app arguments allowed per image" : undefined;
}

function setFlag(command: CommandGrammar, flag: GivenFlag, app: AppDraft | undefined, mounts: Mount[]): void {
  const { name } = flag.grammar;
  const set = appSetters[renamed[name] ?? name];
  if (set === undefined || command.flags.find((known) => known.name === name) === undefined) return;
  let mistake: string | undefined;
  if (app !== undefined) {
    mistake = set(app, flag.value);
  } else if (name === "mount") {
    const mount = mountOfText(flag.value);
    if (typeof mount === "string") mistake = mount;
    else mounts.push(mount);
  } else {
    mistake = `--${name} must follow an image`;
  }
  if (mistake !== undefined) throw invalidFlag(command, flag, mistake);
}
