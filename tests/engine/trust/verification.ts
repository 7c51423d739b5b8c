/** What tests of verification share: contents that stream, and refusals that are faults. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { Fault } from "../../../errors/fault.ts";
import type { Report } from "../../../engine/context.ts";

export function streamOf(content: Buffer): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += 65_536) pieces.push(content.subarray(at, at + 65_536));
  return Readable.from(pieces);
}

export async function refused(verification: Promise<unknown>, what: RegExp): Promise<Fault> {
  try {
    await verification;
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.match(error.details.what, what);
    return error;
  }
  return assert.fail("the signature was accepted");
}

export interface Heard extends Report {
  readonly lines: string[];
}

/** A report that remembers. */
export function listening(): Heard {
  const lines: string[] = [];
  return {
    lines,
    line: (text) => void lines.push(text),
    warn: (text) => void lines.push(`warning: ${text}`),
    debug: () => undefined,
    progress: () => undefined,
  };
}
