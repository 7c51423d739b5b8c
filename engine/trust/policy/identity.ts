import { Fault } from "../../../errors/fault.ts";
import { parseRegistryReference, type RegistryReference } from "../../images/reference.ts";
import { prefixCovers } from "../prefix.ts";
import type { OciToVerify } from "../trustStore.ts";
import { everything } from "./repositoryPrefix.ts";

/** What a signature says it is for. */
export interface SignedIdentity {
  /** `registry/repository`, with a tag or without. */
  readonly reference: string;
  readonly manifestDigest: string;
}

/**
 * Why what was signed is not what was asked for; undefined where it is. The digest ties the signature to the bytes. The
 * reference ties it to a name, or a good signature over an old or another image could stand in for this one: the
 * repositories are the same, and where both name a tag, and no digest was asked for, the tags too.
 */
export function identityMistake(
  signed: SignedIdentity,
  image: OciToVerify,
  mapping: { readonly prefix: string; readonly signedAs: string | undefined },
): string | undefined {
  if (signed.manifestDigest !== image.manifestDigest) {
    return `it is over another manifest, ${signed.manifestDigest}`;
  }
  const given = referenceOf(signed.reference);
  if (given === undefined) return `it names ${JSON.stringify(signed.reference)}, which is no image`;
  const expected = signedRepository(image.repository, mapping);
  const repository = `${given.registry}/${given.repository}`;
  if (repository !== expected) return `it is for ${repository}, not for ${expected}`;
  const asked = referenceOf(image.reference);
  if (
    given.tag === undefined ||
    given.implicitTag ||
    asked?.tag === undefined ||
    asked.digest !== undefined
  ) {
    return undefined;
  }
  return given.tag === asked.tag ? undefined : `it is for the tag ${given.tag}, not for ${asked.tag}`;
}

/** The name under which an image was signed, where a mirror has it under another. */
export function signedRepository(
  repository: string,
  { prefix, signedAs }: { readonly prefix: string; readonly signedAs: string | undefined },
): string {
  if (signedAs === undefined) return repository;
  if (prefix === everything) return `${signedAs}/${repository.slice(repository.indexOf("/") + 1)}`;
  return prefixCovers(prefix, repository) ? `${signedAs}${repository.slice(prefix.length)}` : repository;
}

/** `registry/repository` in full, as policies are looked up; undefined where it is none. */
export function canonicalRepository(text: string): string | undefined {
  const parsed = referenceOf(text);
  return parsed === undefined ? undefined : `${parsed.registry}/${parsed.repository}`;
}

function referenceOf(text: string): RegistryReference | undefined {
  try {
    return parseRegistryReference(text.replace(/^docker:(\/\/)?/, ""));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
