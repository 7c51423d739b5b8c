/** Which image of the store a text means: an identity, whole or its beginning, or any name of it. */
import { Fault } from "../../../errors/fault.ts";
import { parseRegistryReference, type RegistryReference } from "../../images/reference.ts";
import { imageIdOf, type OciImageRecord } from "./describeImage.ts";

/** Fewer digits would sooner or later mean a repository of that name. */
const SHORTEST_PREFIX = 6;

export function findImage(records: readonly OciImageRecord[], text: string): OciImageRecord | undefined {
  const digits = /^(?:sha256:)?([0-9a-f]+)$/.exec(text)?.[1];
  if (digits?.length === 64) return records.find((record) => imageIdOf(record) === `sha256:${digits}`);
  const reference = referenceIn(text);
  const named = reference === undefined ? undefined : records.find((record) => isNamed(record, reference));
  if (named !== undefined || digits === undefined || digits.length < SHORTEST_PREFIX) return named;
  const [found, ...others] = records.filter((record) => imageIdOf(record).startsWith(`sha256:${digits}`));
  return others.length === 0 ? found : undefined;
}

/** A name in full, as the store and policies have it; undefined for what can be none. */
export function wholeName(text: string): string | undefined {
  const reference = referenceIn(text);
  if (reference === undefined) return undefined;
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${digest === undefined ? `:${tag ?? "latest"}` : `@${digest}`}`;
}

function isNamed({ oci }: OciImageRecord, { registry, repository, tag, digest }: RegistryReference): boolean {
  const name = `${registry}/${repository}`;
  return digest === undefined
    ? oci.repoTags.includes(`${name}:${tag ?? "latest"}`)
    : oci.repoDigests.includes(`${name}@${digest}`);
}

function referenceIn(text: string): RegistryReference | undefined {
  try {
    return parseRegistryReference(text);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
