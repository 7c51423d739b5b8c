import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { messageOf } from "../../../errors/fault.ts";
import type { Acceptance, ImagePolicy } from "./imagePolicy.ts";
import { allowedPrefix, everything, parseRepositoryPrefix } from "./repositoryPrefix.ts";
import { allowedSigstoreKey, sigstoreKeyMistake } from "./sigstoreKey.ts";

/** One thing that is wrong with a policy file: where, what stands there, what may. */
export interface PolicyMistake {
  readonly file: string;
  /** As in `accept[0].sigstoreKey`; empty for the file as a whole. */
  readonly path: string;
  readonly got: string;
  readonly allowed: string;
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
    return { mistakes: parsed.error.issues.flatMap((issue) => mistakesOf(issue, raw, file)) };
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

function mistakesOf(issue: z.core.$ZodIssue, raw: unknown, file: string): readonly PolicyMistake[] {
  if (issue.code === "unrecognized_keys") {
    const allowed = "only what docs/trust.md names";
    return issue.keys.map((key) => ({
      file,
      path: pathText([...issue.path, key]),
      got: "an unknown key",
      allowed,
    }));
  }
  const allowed =
    issue.code === "invalid_value"
      ? issue.values.map((value) => JSON.stringify(value)).join(", ")
      : issue.message.replace(/^Invalid input: expected /, "").replace(/, received .*$/, "");
  return [{ file, path: pathText(issue.path), got: gotText(valueAt(raw, issue.path)), allowed }];
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    root,
  );
}

function gotText(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  if (text.includes("PRIVATE KEY")) return "a private key (not shown)";
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
