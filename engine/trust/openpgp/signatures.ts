import { enums, readSignature, type SignaturePacket, UnparseablePacket } from "openpgp";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { isBinary } from "./publicKeys.ts";

/** One signature over a content, and what is hashed after the content to come to its digest. */
export interface ContentSignature {
  readonly packet: SignaturePacket;
  readonly type: enums.signature;
  /** Whether it is over lines of text, however they end. */
  readonly text: boolean;
  /** Number of the digest in OpenPGP. */
  readonly digest: number;
  readonly created: Date;
  /** Version 6 hashes this first. */
  readonly salt: Uint8Array | undefined;
  readonly trailer: Uint8Array;
}

export interface SignatureFile {
  readonly signatures: readonly ContentSignature[];
  /** Why a signature in the file is of no use, for those that are not. */
  readonly unusable: readonly string[];
}

const mostSignatures = 32;
const mostBytes = 1 << 20;

/** Reads a file of detached signatures: armored or binary, one or several. Nothing is verified yet. */
export async function readSignatureFile(bytes: Uint8Array): Promise<SignatureFile> {
  if (bytes.length > mostBytes) {
    throw new Fault({
      what: "keystore: the signature file is too large",
      got: `${bytes.length} bytes`,
      allowed: `at most ${mostBytes} bytes`,
    });
  }
  const packets = [];
  for (const part of isBinary(bytes) ? [bytes] : armoredBlocks(bytes)) {
    try {
      const { packets: read } = await (typeof part === "string"
        ? readSignature({ armoredSignature: part })
        : readSignature({ binarySignature: part }));
      packets.push(...read);
    } catch (cause) {
      throw new Fault({ what: `openpgp: invalid data: ${messageOf(cause)}`, cause });
    }
  }
  if (packets.length > mostSignatures) {
    throw new Fault({
      what: "keystore: too many signatures in the signature file",
      got: String(packets.length),
      allowed: `at most ${mostSignatures}`,
    });
  }
  return contentSignaturesOf(packets);
}

/** Those packets that are signatures over a content, as a detached signature or a signed message holds them. */
export async function contentSignaturesOf(
  packets: readonly (SignaturePacket | UnparseablePacket)[],
): Promise<SignatureFile> {
  const signatures: ContentSignature[] = [];
  const unusable: string[] = [];
  for (const packet of packets) {
    const read =
      packet instanceof UnparseablePacket
        ? await version3(packet.write())
        : contentSignature(packet, undefined);
    if (typeof read === "string") unusable.push(read);
    else signatures.push(read);
  }
  if (signatures.length === 0 && unusable.length === 0) throw noSignatures();
  return { signatures, unusable };
}

/** The armored blocks of a file; gpg too reads several of them, one after the other. */
function armoredBlocks(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  const other = /^-----BEGIN (?!PGP SIGNATURE)(.+?)-----/m.exec(text)?.[1];
  if (other !== undefined) {
    throw new Fault({ what: `openpgp: invalid argument: expected 'PGP SIGNATURE', got: ${other}` });
  }
  const blocks = text.match(/^-----BEGIN PGP SIGNATURE-----[^]*?^-----END PGP SIGNATURE-----/gm);
  if (blocks === null) throw noSignatures();
  return blocks;
}

function noSignatures(): Fault {
  return new Fault({
    what: "keystore: no valid signatures found in signature file",
    allowed: "what `gpg --armor --detach-sign` or `gpg --detach-sign` writes",
  });
}

function contentSignature(
  packet: SignaturePacket,
  trailer: Uint8Array | undefined,
): ContentSignature | string {
  const { signatureType: type, hashAlgorithm: digest, created, signatureData } = packet;
  if (digest === null || created === null || signatureData === null)
    return "a signature lacks its digest or its time";
  if (type !== enums.signature.binary && type !== enums.signature.text) {
    return `a signature of type ${String(type)} is not over a content`;
  }
  const salt = "salt" in packet && packet.salt instanceof Uint8Array ? packet.salt : undefined;
  if (packet.version === 6 && salt?.length !== saltLength(digest)) {
    return "a signature's salt does not have the length that its digest asks for";
  }
  return {
    packet,
    type,
    text: type === enums.signature.text,
    digest,
    created,
    salt,
    trailer: trailer ?? trailerOf(packet.version, signatureData),
  };
}

/** RFC 9580, 5.2.4: the hashed part of the packet, then version, 0xff and the length of that part. */
function trailerOf(version: number, signatureData: Uint8Array): Uint8Array {
  const end = Buffer.from([version, 0xff, 0, 0, 0, 0]);
  end.writeUInt32BE(signatureData.length, 2);
  return Buffer.concat([signatureData, end]);
}

function saltLength(digest: number): number | undefined {
  switch (digest) {
    case 8:
    case 11:
    case 12:
      return 16;
    case 9:
      return 24;
    case 10:
    case 14:
      return 32;
    default:
      return undefined;
  }
}

/**
 * A signature of version 3, as gpg 1 and PGP made them. The library does not know that version. The signature proper is
 * the same, only what is hashed beside the content differs, and that is done here; so it is put into a packet of
 * version 4, whose own hashed part then counts for nothing.
 */
async function version3(body: Uint8Array): Promise<ContentSignature | string> {
  const version = body[0];
  if (version !== 3) return `a signature of version ${String(version)} is not supported`;
  if (body[1] !== 5 || body.length < 19) return "a signature of version 3 is malformed";
  const [type, algorithm, digest] = [body[2] ?? 0, body[15] ?? 0, body[16] ?? 0];
  const created = body.subarray(3, 7);
  const content = Buffer.concat([
    // version, type, algorithm, digest; hashed part: when it was made
    Uint8Array.of(4, type, algorithm, digest, 0, 6, 5, 2, ...created),
    // unhashed part: who made it; then the rest of the old packet
    Uint8Array.of(0, 10, 9, 16, ...body.subarray(7, 15)),
    body.subarray(17),
  ]);
  const header = Buffer.from([0xc2, 0xff, 0, 0, 0, 0]);
  header.writeUInt32BE(content.length, 2);
  try {
    const [packet] = (await readSignature({ binarySignature: Buffer.concat([header, content]) })).packets;
    if (packet === undefined) return "a signature of version 3 is malformed";
    return contentSignature(packet, body.subarray(2, 7));
  } catch (error) {
    return `a signature of version 3 is malformed (${messageOf(error)})`;
  }
}
