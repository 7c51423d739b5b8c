import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { messageOf } from "../../../errors/fault.ts";
import { schemaMistakes, type SchemaMistake } from "../../schemaMistakes.ts";
import type { Acceptance, ImagePolicy } from "./imagePolicy.ts";
import { allowedPrefix, everything, parseRepositoryPrefix } from "./repositoryPrefix.ts";
import { allowedSigstoreKey, sigstoreKeyMistake } from "./sigstoreKey.ts";

/** One thing that is wrong with a policy file. */
export interface PolicyMistake extends SchemaMistake {
  readonly file: string;
}

export type ParsedPolicy =
  | { readonly policy: ImagePolicy; readonly mistakes: readonly [] }
  | { readonly policy?: undefined; readonly mistakes: readonly PolicyMistake[] };

const prefix = z.string(allowedPrefix).transform((text, context) => {
  const parsed = parseRepositoryPrefix(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: allowedPrefix, input: text });
  return z.NEVER;
});

const signedAs = prefix.refine((text) => text !== everything, {
  error: "a registry, with a path or without",
});

const filled = (what: string): z.ZodString => z.string(what).min(1, what);

const lookaside = filled("the URL (https, http, file) or the absolute path of a folder of signatures").refine(
  (text) => isAbsolute(text) || /^(https?|file):\/\/./.test(text),
  { error: "the URL (https, http, file) or the absolute path of a folder of signatures" },
);

const acceptance = z
  .strictObject(
    {
      sigstoreKey: filled(allowedSigstoreKey).optional(),
      simpleSigning: z
        .strictObject(
          { keyring: filled("the path of a file of OpenPGP public keys"), lookaside },
          { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "keyring and lookaside") },
        )
        .optional(),
      signedAs: signedAs.optional(),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys" ? undefined : "an object with sigstoreKey or simpleSigning",
    },
  )
  .superRefine((entry, context) => {
    if ((entry.sigstoreKey === undefined) === (entry.simpleSigning === undefined)) {
      context.addIssue({
        code: "custom",
        message: "exactly one of sigstoreKey and simpleSigning",
        input: entry,
      });
    }
    const mistake = entry.sigstoreKey === undefined ? undefined : inlineKeyMistake(entry.sigstoreKey);
    if (mistake !== undefined) context.addIssue({ code: "custom", message: mistake, path: ["sigstoreKey"] });
  });

const schema = z
  .strictObject({
    rktKind: z.literal("imagePolicy"),
    rktVersion: z.literal("v1"),
    prefixes: z.array(prefix, "a list of prefixes").min(1, "at least one prefix"),
    accept: z.array(acceptance, "a list of keys").min(1, "at least one key").optional(),
    insecureAcceptAnything: z.literal(true).optional(),
  })
  .superRefine((file, context) => {
    if ((file.accept === undefined) === (file.insecureAcceptAnything === undefined)) {
      context.addIssue({
        code: "custom",
        message: 'either "accept" or "insecureAcceptAnything": true',
        input: file,
      });
    }
  });

/** Parses the text of a policy file. All mistakes are told together. */
export function parsePolicy(text: string, file: string): ParsedPolicy {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return { mistakes: [{ file, path: "", got: messageOf(error), allowed: "one JSON object" }] };
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const mistakes = schemaMistakes(parsed.error, raw, "only what docs/trust.md names");
    return { mistakes: mistakes.map((mistake) => ({ file, ...mistake })) };
  }
  const { prefixes, accept = [], insecureAcceptAnything } = parsed.data;
  const entries = accept.map((entry) => acceptanceOf(entry, dirname(file)));
  return {
    policy: { file, prefixes, accept: insecureAcceptAnything === true ? "anything" : entries },
    mistakes: [],
  };
}

/** Paths are relative to the file that names them. */
function acceptanceOf(entry: z.output<typeof acceptance>, folder: string): Acceptance {
  const { sigstoreKey, simpleSigning, signedAs } = entry;
  if (simpleSigning !== undefined) {
    const { keyring, lookaside } = simpleSigning;
    return { scheme: "simple-signing", keyring: resolve(folder, keyring), lookaside, signedAs };
  }
  const given = sigstoreKey ?? "";
  const key = given.includes("-----BEGIN") ? { pem: given } : { path: resolve(folder, given) };
  return { scheme: "sigstore", key, signedAs };
}

/** What is wrong with a key that stands in the policy itself; a file of one is read when it is needed. */
function inlineKeyMistake(given: string): string | undefined {
  if (!given.includes("-----BEGIN")) return undefined;
  return sigstoreKeyMistake(given);
}
