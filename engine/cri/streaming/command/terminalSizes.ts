import { z } from "zod";
import { hasCode } from "../../../../errors/diskFault.ts";
import type { TerminalSize } from "./commandStreams.ts";

const side = z.int().min(0).max(65535);
const schema = z.object({ Width: side, Height: side });

/** One size is a few bytes; a client that sends more without one sends none. */
const LONGEST = 1000;

/**
 * Sizes as JSON objects one after another, in whatever pieces they come, until their stream ends or is cut off, which a
 * client does when it goes. What is none is passed over.
 */
export async function* terminalSizes(pieces: AsyncIterable<Buffer | string>): AsyncGenerator<TerminalSize> {
  let text = "";
  try {
    for await (const piece of pieces) {
      text += String(piece);
      for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
        const size = sizeIn(text.slice(0, end + 1));
        text = text.slice(end + 1);
        if (size !== undefined) yield size;
      }
      if (text.length > LONGEST) text = "";
    }
  } catch (error) {
    if (!hasCode(error, "ERR_STREAM_PREMATURE_CLOSE")) throw error;
  }
}

function sizeIn(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = schema.parse(JSON.parse(text));
    return { width, height };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
