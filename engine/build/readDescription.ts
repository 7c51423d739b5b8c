import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { diskFault } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import { schemaMistakes } from "../schemaMistakes.ts";
import type { Description } from "./description.ts";
import { descriptionSchema } from "./descriptionSchema.ts";

const LARGEST = 1 << 20;

/** A description in a file. Whatever is wrong with it is told at once. */
export function readDescription(path: string): Description {
  return parseDescription(textOf(path), path);
}

/** YAML, and with it JSON. */
export function parseDescription(text: string, where: string): Description {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new Fault({
      what: `the description is neither YAML nor JSON\n${document.errors.map(({ message }) => `- ${message.trim().replaceAll("\n", "\n  ")}`).join("\n")}`,
      where,
    });
  }
  const raw = valueOf(document, where);
  const parsed = descriptionSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const mistakes = schemaMistakes(parsed.error, raw, "only what docs/building-images.md names");
  const listed = mistakes.map(
    ({ path, got, allowed }) =>
      `- ${path === "" ? "the whole" : path}\n    got:     ${got}\n    allowed: ${allowed}`,
  );
  const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
  throw new Fault({ what: `the description has ${count}\n${listed.join("\n")}`, where });
}

/** Aliases that swell without end are refused by the library. */
function valueOf(document: { toJS(): unknown }, where: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new Fault({ what: "the description cannot be read", where, cause });
  }
}

function textOf(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      if (size > LARGEST) {
        throw new Fault({
          what: "the description is too large",
          where: path,
          got: `${size} bytes`,
          allowed: `at most ${LARGEST} bytes`,
        });
      }
      return readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskFault(error);
  }
}
