/** From bytes on this host's disk to an image in the store, with the verification between the two. */
import type { Readable } from "node:stream";
import { Fault } from "../../../errors/fault.ts";
import type { ImageManifest } from "../../appc/imageManifest.ts";
import type { Report } from "../../context.ts";
import type { ImageRecord, StoredImage } from "../../store/records.ts";
import type { Signer } from "../../trust/trustStore.ts";
import type { NameReference } from "../reference.ts";
import { readAciManifest } from "./aciManifest.ts";
import type { Fetching } from "./fetching.ts";

export interface AciToImport {
  /** The same bytes each time; nobody else can write them. */
  readonly content: () => Readable;
  /** A detached signature, or why none is asked for. */
  readonly signature: Uint8Array | { readonly notAskedFor: string };
  readonly latest: boolean;
  /** What the person or a dependency asked for. */
  readonly expected?: NameReference;
}

/** Nothing of it is visible in the store before it is known whose it is. */
export async function verifyAndImport(
  { store, trust, context }: Pick<Fetching, "store" | "trust" | "context">,
  { content, signature, latest, expected }: AciToImport,
): Promise<StoredImage> {
  const manifest = await readAciManifest(content());
  if (expected !== undefined) assertExpected(manifest, expected);
  const verification =
    signature instanceof Uint8Array
      ? verificationBy(await trust.verifyDetached(manifest.name, content(), signature), context.report)
      : { by: "nothing" as const, reason: signature.notAskedFor };
  const image = await store.importAci(content(), { latest, verification });
  if (image.manifest.name !== manifest.name) {
    // The signature was judged for the first manifest of an archive that has two.
    await store.remove(image.record.id);
    throw new Fault({
      what: "the image has two names, one for whoever verifies it and one for whoever runs it",
      got: `${manifest.name} and ${image.manifest.name}`,
    });
  }
  return image;
}

export function verificationBy(
  { scheme, key, identity }: Signer,
  report: Pick<Report, "line">,
): ImageRecord["verification"] {
  switch (scheme) {
    case "unverified":
      // The trust store has warned, with the policy's file.
      return { by: "nothing", reason: "the policy for its name accepts anything" };
    case "openpgp":
      report.line("image: signature verified:");
      report.line(`  ${identity}`);
      return { by: "openpgp", fingerprint: key, identity };
    case "sigstore":
    case "simple-signing":
      report.line("image: signature verified:");
      report.line(`  ${identity === "" ? `${scheme} key ${key}` : identity}`);
      return { by: scheme, key };
  }
}

function assertExpected(manifest: ImageManifest, { name, labels }: NameReference): void {
  if (manifest.name !== name) {
    throw new Fault({
      what: `error when reading the app name: ${JSON.stringify(name)} expected but ${JSON.stringify(manifest.name)} found`,
    });
  }
  const provided = new Map(manifest.labels.map((label) => [label.name, label.value]));
  for (const [label, wanted] of labels) {
    const found = provided.get(label);
    if (found === undefined) {
      throw new Fault({
        what: `requested label ${JSON.stringify(label)} not provided by the image manifest`,
      });
    }
    if (found === wanted) continue;
    throw new Fault({
      what:
        `requested value for label ${JSON.stringify(label)}: ${JSON.stringify(wanted)} differs from fetched ` +
        `aci label value: ${JSON.stringify(found)}`,
    });
  }
}
