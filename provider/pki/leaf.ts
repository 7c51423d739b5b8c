/** One leaf: what is wanted of it, what the state holds of it, and whether that will still do. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";
import { bare, isList, partOf, sameValue, Unknown, type Properties, type Value } from "../protocol/value.ts";
import { renewalReason } from "./validity.ts";

const dnsName = z
  .string()
  .max(253, "must have at most 253 characters")
  .regex(
    /^(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i,
    "must be a DNS name, as in etcd.example.org or *.example.org",
  );
const address = z.string().refine((text) => isIP(text) !== 0, "must be an IPv4 or IPv6 address");

export const leafSchema = z
  .strictObject({
    /** The name of the authority that signs it. */
    authority: z.string(),
    commonName: z.string().min(1, "must not be empty").max(256, "must have at most 256 characters"),
    organizations: z.array(z.string().min(1, "must not be empty")),
    dnsNames: z.array(dnsName),
    addresses: z.array(address),
    usages: z.array(z.enum(["client", "server"])).min(1, 'must name at least one of "client" and "server"'),
    validityDays: z.int().min(1, "must be at least one day"),
    /** The renewal window, at the end of the validity. */
    renewBeforeDays: z.int().min(0, "must not be negative"),
  })
  .refine(({ validityDays, renewBeforeDays }) => renewBeforeDays < validityDays, {
    path: ["renewBeforeDays"],
    message: "must be less than validityDays",
  })
  .refine(
    ({ usages, dnsNames, addresses }) => !usages.includes("server") || dnsNames.length + addresses.length > 0,
    {
      path: ["dnsNames"],
      message: "a server needs a DNS name or an address to be known by",
    },
  );

export type Leaf = z.infer<typeof leafSchema>;

export function leafWithDefaults(leaf: Properties): Properties {
  const validityDays = leaf["validityDays"] ?? 365;
  return {
    organizations: [],
    dnsNames: [],
    addresses: [],
    validityDays,
    ...(typeof validityDays === "number"
      ? { renewBeforeDays: Math.min(30, Math.floor(validityDays * 0.3)) }
      : {}),
    ...leaf,
  };
}

export const recordedLeafSchema = z.object({
  certificate: z.string(),
  privateKey: z.string(),
  notAfter: z.string(),
  serial: z.string(),
});

export type RecordedLeaf = z.infer<typeof recordedLeafSchema>;

/** What decides on a leaf. */
export interface LeafMatter {
  readonly old: Value;
  readonly wanted: Value;
  readonly recorded: RecordedLeaf | undefined;
  readonly oldAuthority: Value;
  readonly authority: Value;
}

/** Inputs that are in the certificate, in the order in which a reader is told of them. */
const WRITTEN = [
  "authority",
  "commonName",
  "organizations",
  "dnsNames",
  "addresses",
  "usages",
  "validityDays",
];

/** Why the leaf must be issued (again), or undefined when the recorded one stays. */
export function reissueReason(matter: LeafMatter, now: Date): string | undefined {
  const { old, wanted, recorded } = matter;
  if (recorded === undefined) return "it is new";
  if (bare(wanted) instanceof Unknown) return "what is wanted is not known yet";
  const changed = WRITTEN.filter((key) => !sameSet(partOf(old, key), partOf(wanted, key)));
  if (changed.length > 0) return `another ${changed.join(" and ")}`;
  const certificate = readCertificate(recorded);
  if (certificate === undefined) return "the recorded one is damaged";
  return authorityReason(certificate, matter) ?? windowReason(certificate, wanted, now);
}

function readCertificate({ certificate, privateKey }: RecordedLeaf): X509Certificate | undefined {
  try {
    const read = new X509Certificate(certificate);
    return read.checkPrivateKey(createPrivateKey(privateKey)) ? read : undefined;
  } catch {
    // What cannot be read is as good as lost, and is made again.
    return undefined;
  }
}

/** An authority that was signed again with the same key stands by all it has issued; one with a new key does not. */
function authorityReason(
  leaf: X509Certificate,
  { oldAuthority, authority, wanted }: LeafMatter,
): string | undefined {
  const now = partOf(authority, "certificate");
  const name = JSON.stringify(partOf(wanted, "authority"));
  if (typeof now === "string") {
    const signer = new X509Certificate(now);
    return leaf.checkIssued(signer) && leaf.verify(signer.publicKey)
      ? undefined
      : `authority ${name} has a new key`;
  }
  const sameKey = sameValue(partOf(oldAuthority, "privateKey"), partOf(authority, "privateKey"));
  return sameKey ? undefined : `authority ${name} gets a new key`;
}

function windowReason(certificate: X509Certificate, wanted: Value, now: Date): string | undefined {
  const renewBeforeDays = partOf(wanted, "renewBeforeDays");
  if (typeof renewBeforeDays !== "number") return undefined;
  const validity = { notBefore: new Date(certificate.validFrom), notAfter: new Date(certificate.validTo) };
  return renewalReason(validity, renewBeforeDays, now);
}

/** Lists here are sets: whoever sorts their names gets no new certificates for it. */
function sameSet(left: Value, right: Value): boolean {
  if (!isList(left) || !isList(right)) return sameValue(left, right);
  const within = (items: readonly Value[], others: readonly Value[]): boolean =>
    items.every((item) => others.some((other) => sameValue(item, other)));
  return within(left, right) && within(right, left);
}
