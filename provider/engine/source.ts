/** Where an engine's package comes from, as the inputs say it. */
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { packageIndexName, parsePackageIndex } from "../../engine/package/packageIndex.ts";
import { Fault } from "../../errors/fault.ts";
import type { Cache } from "../artefact/cache.ts";
import { fetchedPlaces } from "./fetchedPackage.ts";
import type { CandidatePackage } from "./verification.ts";

const path = z.string().min(1, "must not be empty");
const address = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });

export const packageSource = z.strictObject({
  /** What `make package` has made; the folder that holds its index. */
  build: path.optional(),
  file: path.optional(),
  signature: path.optional(),
  url: address.optional(),
  /** By default the url with `.asc` behind it. */
  signatureUrl: address.optional(),
  key: path.optional(),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{40}$/i, "must be 40 hexadecimal digits")
    .toLowerCase()
    .optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits")
    .toLowerCase()
    .optional(),
  historical: z.boolean().default(false),
});

export const packageInputs = z.strictObject({
  /** The host's, by Debian's name. */
  architecture: z.string().min(1, "must not be empty"),
  source: packageSource.superRefine((source, context) => {
    const refuse = (message: string): void => {
      context.addIssue({ code: "custom", message });
    };
    const given = (["build", "file", "url"] as const).filter((key) => source[key] !== undefined);
    if (given.length !== 1) refuse("must have exactly one of build, file and url");
    if (source.url === undefined && source.signatureUrl !== undefined)
      refuse("signatureUrl is for a url only");
    if (source.file === undefined && source.signature !== undefined) refuse("signature is for a file only");
    if (source.build !== undefined) return;
    const needed = [source.url === undefined ? "signature" : "sha256", "key", "fingerprint"] as const;
    const missing = needed.filter((key) => source[key] === undefined);
    if (missing.length > 0) refuse(`a ${given.join("")} needs ${missing.join(" and ")} beside it`);
    if (source.historical && source.sha256 === undefined)
      refuse("upstream's package needs its sha256 beside it");
  }),
});

export type PackageInputs = z.infer<typeof packageInputs>;

/** The package for that architecture; undefined takes whichever there is. What has a url is in the cache already. */
export async function candidateFor(
  source: PackageInputs["source"],
  architecture: string | undefined,
  cache: Cache,
): Promise<CandidatePackage> {
  const expected = architecture === undefined ? {} : { architecture };
  const { build, file, signature, key, fingerprint, sha256, historical } = source;
  if (build !== undefined) return builtPackage(build, architecture, expected);
  const places =
    file === undefined || signature === undefined
      ? fetchedPlaces(source, cache)
      : { path: resolve(file), signature: resolve(signature) };
  if (places === undefined || key === undefined || fingerprint === undefined)
    throw new Error("a source has passed the check that should not");
  return {
    ...places,
    key: resolve(key),
    fingerprint,
    historical,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...expected,
  };
}

async function builtPackage(
  folder: string,
  architecture: string | undefined,
  expected: { readonly architecture?: string },
): Promise<CandidatePackage> {
  const where = resolve(join(folder, packageIndexName));
  const text = await readFile(where, "utf8").catch((cause: unknown) => {
    throw new Fault({ what: "no package of the engine has been made here", where, cause, remedy });
  });
  const index = parsePackageIndex(text);
  const built = Object.entries(index.packages).find(
    ([name]) => architecture === undefined || name === architecture,
  );
  if (built?.[1] === undefined) {
    throw new Fault({
      what: "no package of the engine has been made for this architecture",
      where,
      got: architecture ?? "none at all",
      allowed: Object.keys(index.packages).join(", "),
      remedy,
    });
  }
  const { path: file, signature, sha256 } = built[1];
  const from = dirname(where);
  return {
    path: resolve(from, file),
    signature: resolve(from, signature),
    key: resolve(from, index.publicKey),
    fingerprint: index.fingerprint,
    sha256,
    historical: false,
    ...expected,
  };
}

const remedy = "run `make package`";
