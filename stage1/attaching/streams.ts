/** What becomes of an app's standard streams, as the annotations of its pod say. */
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { Fault } from "../../errors/fault.ts";

export const inputModes = ["null", "stream", "tty", "interactive"] as const;
export const outputModes = ["null", "log", "stream", "tty"] as const;

export interface AppStreams {
  readonly stdin: (typeof inputModes)[number];
  readonly stdout: (typeof outputModes)[number];
  readonly stderr: (typeof outputModes)[number];
}

/** What somebody can attach to. */
export type AttachableStream = "stdin" | "stdout" | "stderr" | "tty-in" | "tty-out";

const annotationOf = (stream: keyof AppStreams): string => `coreos.com/rkt/stage2/${stream}`;

/** The pod's own output, and no input, where nobody says anything. */
export function streamsOf({ name, annotations }: Pick<RuntimeApp, "name" | "annotations">): AppStreams {
  const mode = <T extends string>(
    stream: keyof AppStreams,
    allowed: readonly [T, ...T[]],
    byDefault: T,
  ): T => {
    const value = annotations.findLast((each) => each.name === annotationOf(stream))?.value;
    if (value === undefined) return byDefault;
    const found = allowed.find((each) => each === value);
    if (found !== undefined) return found;
    throw new Fault({
      what: `app "${name}": unknown mode of its ${stream}`,
      where: annotationOf(stream),
      got: value,
      allowed: allowed.join(", "),
    });
  };
  const streams: AppStreams = {
    stdin: mode("stdin", inputModes, "null"),
    stdout: mode("stdout", outputModes, "log"),
    stderr: mode("stderr", outputModes, "log"),
  };
  refuseMixtures(name, streams);
  return streams;
}

/** A terminal is one file for all three. */
function refuseMixtures(name: string, { stdin, stdout, stderr }: AppStreams): void {
  const got = `--stdin=${stdin} --stdout=${stdout} --stderr=${stderr}`;
  if (stdin === "interactive" && (stdout !== "log" || stderr !== "log")) {
    throw new Fault({
      what: `app "${name}" is interactive, so its output is at the terminal of whoever runs the pod`,
      got,
      remedy: "leave --stdout and --stderr out",
    });
  }
  const terminals = [stdin, stdout, stderr].filter((each) => each === "tty").length;
  if (terminals === 0 || terminals === 3 || (terminals === 2 && stdin === "null")) return;
  throw new Fault({
    what: `app "${name}": a terminal is one for all of an app's streams`,
    got,
    allowed: "--stdout=tty --stderr=tty, with --stdin=tty or without input",
  });
}

export function attachableStreams({ stdin, stdout, stderr }: AppStreams): readonly AttachableStream[] {
  return [
    ...(stdin === "stream" ? (["stdin"] as const) : []),
    ...(stdout === "stream" ? (["stdout"] as const) : []),
    ...(stderr === "stream" ? (["stderr"] as const) : []),
    ...(stdin === "tty" ? (["tty-in"] as const) : []),
    ...(stdout === "tty" ? (["tty-out"] as const) : []),
  ];
}

/** As a multiplexer reads it: a letter for each stream. Undefined where all of them are as the pod has them. */
export function streamLetters({ stdin, stdout, stderr }: AppStreams): string | undefined {
  const output = (mode: AppStreams["stdout"]): string =>
    ({ null: "n", log: "i", stream: "p", tty: "t" })[mode];
  const input = { null: "n", stream: "p", tty: "t", interactive: "i" }[stdin];
  const outputs = output(stdout) + output(stderr);
  return outputs === "ii" && stdin !== "stream" ? undefined : input + outputs;
}

/** For a flavour that has nothing to keep streams for whoever attaches. */
export function withoutMultiplexer(
  flavour: string,
  app: Pick<RuntimeApp, "name" | "annotations">,
): AppStreams {
  const streams = streamsOf(app);
  if (attachableStreams(streams).length > 0) throw notHere(flavour, app.name);
  return streams;
}

/** For a flavour that leaves an app's streams as the pod has them. */
export function refuseStreams(flavour: string, apps: readonly RuntimeApp[]): void {
  const other = apps.find((app) => streamLetters(streamsOf(app)) !== undefined);
  if (other !== undefined) throw notHere(flavour, other.name);
}

function notHere(flavour: string, app: string): Fault {
  return new Fault({
    what: `the ${flavour} flavour cannot give app "${app}" such streams`,
    remedy: "leave out --stdin, --stdout and --stderr, or choose --stage1-name=coreos.com/rkt/stage1-oci",
  });
}
