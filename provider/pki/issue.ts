/** Makes keys and X.509 certificates. Nothing here knows what a resource is. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  type KeyObject,
  type webcrypto,
} from "node:crypto";
import { promisify } from "node:util";
import ipaddr from "ipaddr.js";
import type * as X509 from "@peculiar/x509";
import type { Validity } from "./validity.ts";

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export type Usage = "client" | "server";

export interface LeafRequest {
  readonly subject: Subject;
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly usages: readonly Usage[];
  readonly validity: Validity;
}

/** A certificate and its private key (PKCS #8), both as PEM. */
export interface Issued {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Algorithms by the names that users write. */
export const CURVES = { "EC-P256": "P-256", "EC-P384": "P-384" } as const;

export type Curve = (typeof CURVES)[keyof typeof CURVES];

/** Both libraries take some 0.2 s to load, which a run that issues nothing (nearly every one) need not pay. */
async function loadX509(): Promise<typeof X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

/** An authority that vouches for itself. With a private key it is the same authority for a further while. */
export async function issueAuthority(
  subject: Subject,
  validity: Validity,
  key: { readonly curve: Curve } | { readonly privateKey: string },
): Promise<Issued> {
  const x509 = await loadX509();
  const pair = "privateKey" in key ? pairFrom(key.privateKey) : await newPair(key.curve);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    ...validity,
    signingAlgorithm: pair.signing,
    name: nameOf(subject),
    keys: pair,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey),
    ],
  });
  return { certificate: pem(certificate), privateKey: pair.pem };
}

export async function issueLeaf(request: LeafRequest, authority: Issued): Promise<Issued> {
  const x509 = await loadX509();
  const pair = await newPair("P-256");
  const signer = new x509.X509Certificate(authority.certificate);
  const signing = pairFrom(authority.privateKey);
  const purposes = { client: x509.ExtendedKeyUsage.clientAuth, server: x509.ExtendedKeyUsage.serverAuth };
  const names = [
    ...request.dnsNames.map((value) => ({ type: "dns" as const, value })),
    // The library misreads an IPv6 address that ends in an IPv4 one; the normal form has none.
    ...request.addresses.map((value) => ({ type: "ip" as const, value: ipaddr.process(value).toString() })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    ...request.validity,
    signingAlgorithm: signing.signing,
    subject: nameOf(request.subject),
    // As the authority's certificate has it: a name written anew could differ in its encoding.
    issuer: signer.subjectName,
    publicKey: pair.publicKey,
    signingKey: signing.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => purposes[usage])),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return { certificate: pem(certificate), privateKey: pair.pem };
}

interface Pair {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
  readonly signing: { readonly name: "ECDSA"; readonly hash: "SHA-256" | "SHA-384" };
  /** The private key, PKCS #8. */
  readonly pem: string;
}

async function newPair(curve: Curve): Promise<Pair> {
  const { privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: curve });
  return pairOf(privateKey);
}

function pairFrom(privateKey: string): Pair {
  return pairOf(createPrivateKey(privateKey));
}

function pairOf(key: KeyObject): Pair {
  const large = key.asymmetricKeyDetails?.namedCurve === "secp384r1";
  const algorithm = { name: "ECDSA", namedCurve: large ? "P-384" : "P-256" };
  return {
    publicKey: createPublicKey(key).toCryptoKey(algorithm, true, ["verify"]),
    privateKey: key.toCryptoKey(algorithm, true, ["sign"]),
    signing: { name: "ECDSA", hash: large ? "SHA-384" : "SHA-256" },
    pem: key.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Kubernetes reads a client's groups from the organizations and its user from the common name. */
function nameOf(subject: Subject): Record<string, string[]>[] {
  return [
    ...(subject.organizations ?? []).map((organization) => ({ O: [organization] })),
    { CN: [subject.commonName] },
  ];
}

/** 16 random bytes; the first neither zero nor with its highest bit set, so that the number is positive. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

function pem(certificate: X509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
