/** How somebody attaches to an app of the oci flavour, and where its streams are kept for that. */
import { join } from "node:path";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import type { Handover, PodToRun } from "../contract.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { streamLetters, streamsOf, type AttachableStream } from "./streams.ts";

/** Whether an app of a pod can be attached to, or one that comes later could. */
export function needsMultiplexer({ mutable, manifest }: Pick<PodToRun, "mutable" | "manifest">): boolean {
  return mutable || manifest.apps.some((app) => streamLetters(streamsOf(app)) !== undefined);
}

/** What stands in for crun where an app can be attached to. */
export function multiplexer(): string {
  return flavourProgram("oci", "multiplex");
}

/** Tells the multiplexer of an app what to do; without letters there is none. */
export function writeStreams(bundle: string, letters: string | undefined): void {
  if (letters !== undefined) replaceFileSync(join(bundle, "streams"), letters, { mode: 0o600 });
}

/** The socket at which the multiplexer waits for those who attach. */
export function attachSocket(bundle: string): string {
  return join(bundle, "attach");
}

export interface Attachment {
  readonly streams: readonly AttachableStream[];
  /** The end of one's own input is to be the end of the app's. */
  readonly handsOnEnd: boolean;
}

export function attachHandover(bundle: string, { streams, handsOnEnd }: Attachment): Handover {
  const letters: Readonly<Record<AttachableStream, string>> = {
    stdin: handsOnEnd ? "iz" : "i",
    stdout: "o",
    stderr: "e",
    "tty-in": "it",
    "tty-out": "ot",
  };
  return {
    program: flavourProgram("oci", "attach"),
    arguments: [bundle, streams.map((stream) => letters[stream]).join("")],
    environment: toolEnvironment(),
  };
}
