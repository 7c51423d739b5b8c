/** Where an artefact comes from, as the inputs say it. */
import { z } from "zod";
import type { Algorithm } from "../../files/digest.ts";

export type Source =
  | { readonly kind: "build"; readonly build: string }
  | { readonly kind: "file"; readonly file: string; readonly sum?: Sum }
  | { readonly kind: "url"; readonly url: string; readonly sum: Sum; readonly member?: string };

export interface Sum {
  readonly algorithm: Algorithm;
  readonly digest: string;
}

const hex = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${length}}$`, "i"), `must be ${length} hexadecimal digits`)
    .toLowerCase()
    .optional();

const sourceSchema = z
  .strictObject({
    build: z.string().min(1, "must not be empty").optional(),
    file: z.string().min(1, "must not be empty").optional(),
    url: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
    sha256: hex(64),
    sha512: hex(128),
    member: z
      .string()
      .regex(/^[^/\0-]/, "must be a path inside the archive, not beginning with / or -")
      .refine((path) => !path.split("/").includes(".."), "must be a path without ..")
      .optional(),
  })
  .superRefine((source, context) => {
    const refuse = (path: string[], message: string): void => {
      context.addIssue({ code: "custom", path, message });
    };
    const given = (["build", "file", "url"] as const).filter((key) => source[key] !== undefined);
    if (given.length !== 1) {
      refuse([], `must have exactly one of build, file and url; has ${given.join(" and ") || "none"}`);
      return;
    }
    const sums = (["sha256", "sha512"] as const).filter((key) => source[key] !== undefined);
    if (source.url !== undefined && sums.length === 0)
      refuse([], "a url needs a sha256 or a sha512 beside it");
    if (sums.length > 1) refuse(["sha512"], "is one too many: one of sha256 and sha512 is enough");
    if (source.build !== undefined && sums.length > 0) {
      refuse([sums.join()], "what is built here is known by the index of builds, not by a checksum given");
    }
    if (source.url === undefined && source.member !== undefined) refuse(["member"], "is for a url only");
  });

export const inputsSchema = z.strictObject({
  name: z.string().min(1, "must not be empty"),
  source: sourceSchema,
});

export interface ArtefactInputs {
  readonly name: string;
  readonly source: Source;
}

/** Of inputs that have passed the check. */
export function artefactInputs(inputs: unknown): ArtefactInputs {
  const { name, source } = inputsSchema.parse(inputs);
  const sum = sumOf(source);
  if (source.build !== undefined) return { name, source: { kind: "build", build: source.build } };
  if (source.file !== undefined) {
    return { name, source: { kind: "file", file: source.file, ...(sum === undefined ? {} : { sum }) } };
  }
  const { url, member } = source;
  if (url === undefined || sum === undefined)
    throw new Error("a source has passed the check that should not");
  return { name, source: { kind: "url", url, sum, ...(member === undefined ? {} : { member }) } };
}

function sumOf({ sha256, sha512 }: z.infer<typeof sourceSchema>): Sum | undefined {
  if (sha256 !== undefined) return { algorithm: "sha256", digest: sha256 };
  if (sha512 !== undefined) return { algorithm: "sha512", digest: sha512 };
  return undefined;
}
