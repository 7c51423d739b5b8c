/** The file that says how the kubelet is served. */
import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { z } from "zod";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import type { RegistryMirror } from "../images/registry/mirrors.ts";
import { schemaMistakes } from "../schemaMistakes.ts";

export interface CriConfiguration {
  /** Path of the socket that the kubelet is told as `unix://…`. */
  readonly listen: string;
  readonly mirrors: readonly RegistryMirror[];
  /** References of images that the kubelet must not collect. */
  readonly pinnedImages: readonly string[];
}

export const defaultCriFile = "/etc/rkt/cri.json";

const mirror = z.strictObject({
  prefix: z
    .string("a registry, with a path or without, or *")
    .min(1, "a registry, with a path or without, or *"),
  location: z.string("[http://|https://]host[:port][/path]").min(1, "[http://|https://]host[:port][/path]"),
  insecure: z.boolean("true or false").default(false),
});

const schema = z.strictObject({
  rktKind: z.literal("cri"),
  rktVersion: z.literal("v1"),
  listen: z
    .string("an absolute path")
    .refine(isAbsolute, { error: "an absolute path" })
    .default("/run/rkt/cri.sock"),
  mirrors: z.array(mirror, "a list of mirrors").default([]),
  pinnedImages: z.array(z.string("a reference"), "a list of references").default([]),
});

/** Without a file that was asked for, what holds by default. All mistakes are told at once. */
export function readCriConfiguration(asked: string | undefined): CriConfiguration {
  const file = asked ?? defaultCriFile;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (asked === undefined && hasCode(error, "ENOENT")) return parseCriConfiguration(defaults, file);
    throw diskFault(error);
  }
  return parseCriConfiguration(text, file);
}

const defaults = JSON.stringify({ rktKind: "cri", rktVersion: "v1" });

export function parseCriConfiguration(text: string, file: string): CriConfiguration {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new Fault({ what: "the file is no JSON", where: file, cause });
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const mistakes = schemaMistakes(parsed.error, raw, "only what docs/kubelet.md names").map(
    ({ path, got, allowed }) =>
      `- ${path === "" ? "the file" : path}\n    got:     ${got}\n    allowed: ${allowed}`,
  );
  const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
  throw new Fault({ what: `the file has ${count}\n${mistakes.join("\n")}`, where: file });
}
