/**
 * Whether a package of an engine may go to hosts: decided on the operator's machine, on bytes that are then known by
 * their hash, before any host gets one of them.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";

import { verifyDetachedWith } from "../../engine/trust/openpgp/verify.ts";
import { type PublicKey, readPublicKeys, spacedFingerprint } from "../../engine/trust/openpgp/publicKeys.ts";
import { Fault } from "../../errors/fault.ts";
import { readDebControl } from "./debControl.ts";

/** A package with everything by which it is judged. */
export interface CandidatePackage {
  readonly path: string;
  /** Of the detached signature, armored or binary. */
  readonly signature: string;
  /** File of the signer's public key; only the key with the pinned fingerprint counts. */
  readonly key: string;
  /** 40 hexadecimal digits, lower case. */
  readonly fingerprint: string;
  readonly sha256?: string;
  /** Debian's name; undefined where the host is not known yet. */
  readonly architecture?: string;
  /**
   * Upstream's own package, made by a key that nobody prolongs any more: the signature is judged at the time it was
   * made, which only a pinned sha256 makes safe.
   */
  readonly historical: boolean;
}

export interface VerifiedPackage {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Who signed. */
  readonly signer: string;
}

/** Packages that are the engine: ours, and upstream's. */
const engineNames = { current: "rktnetes-engine", historical: "rkt" } as const;

const untouched = "the engine's package is refused, and no host is touched";

/** `now` is for tests. */
export async function verifyPackage(candidate: CandidatePackage, now?: Date): Promise<VerifiedPackage> {
  const { path, historical } = candidate;
  if (historical && candidate.sha256 === undefined)
    throw refused(path, "upstream's package needs its sha256 pinned, since its key is history");
  const bytes = await readWhole(path, "the package");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (candidate.sha256 !== undefined && candidate.sha256 !== sha256) {
    throw refused(path, "its bytes are not the pinned ones", {
      got: `sha256 ${sha256}`,
      allowed: `sha256 ${candidate.sha256}`,
      remedy: "get the package again; where it was meant to change, correct the pinned sha256",
    });
  }
  const signature = await readSignature(candidate);
  const key = await pinnedKey(candidate);
  const signer = await verifyDetachedWith([key], Readable.from([bytes]), signature, {
    validAt: historical ? "when-signed" : "now",
    ...(now === undefined ? {} : { now }),
  }).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    const { what, got, allowed } = error.details;
    throw refused(path, what, {
      ...(got === undefined ? {} : { got }),
      ...(allowed === undefined ? {} : { allowed }),
      remedy:
        "get package and signature again from whoever made them; correct the pinned key if they have a new one",
    });
  });
  const control = await readDebControl(bytes).catch((error: unknown) => {
    throw error instanceof Fault ? refused(path, error.details.what) : error;
  });
  assertFits(candidate, control);
  return {
    path,
    sha256,
    size: bytes.length,
    ...control,
    signer: signer.identity === "" ? signer.key : `${signer.identity} (${signer.key})`,
  };
}

async function readSignature({ path, signature }: CandidatePackage): Promise<Buffer> {
  return readWhole(signature, "its signature").catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    throw refused(path, "it is unsigned", {
      cause: error,
      remedy: `put the detached signature at ${signature} (make package writes one beside each package)`,
    });
  });
}

/** Of the keys in the file, the one that was pinned; whatever else lies there has no say. */
async function pinnedKey({ path, key, fingerprint }: CandidatePackage): Promise<PublicKey> {
  const keys = await readPublicKeys(await readWhole(key, "the signer's public key"), key);
  const pinned = keys.find((candidate) => candidate.fingerprint === fingerprint);
  if (pinned !== undefined) return pinned;
  throw refused(path, "the key that was given is not the pinned one", {
    got: keys.map((candidate) => spacedFingerprint(candidate.fingerprint)).join(", ") || "no key",
    allowed: spacedFingerprint(fingerprint),
    remedy: "ask the signer for the fingerprint by another way, and pin what is right",
  });
}

function assertFits(
  { path, architecture, historical }: CandidatePackage,
  control: { readonly name: string; readonly architecture: string },
): void {
  const name = historical ? engineNames.historical : engineNames.current;
  if (control.name !== name) {
    throw refused(path, "it is another package", {
      got: control.name,
      allowed: historical
        ? `${name}, upstream's`
        : `${name} (${engineNames.historical} with historical: true)`,
    });
  }
  if (architecture !== undefined && control.architecture !== architecture) {
    throw refused(path, "it is for another architecture than the host's", {
      got: control.architecture,
      allowed: architecture,
      remedy: "name the package of the host's architecture",
    });
  }
}

async function readWhole(path: string, what: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw refused(path, `${what} cannot be read`, { cause });
  });
}

function refused(
  where: string,
  why: string,
  details: Partial<ConstructorParameters<typeof Fault>[0]> = {},
): Fault {
  return new Fault({ ...details, what: `${untouched}: ${why}`, where });
}
