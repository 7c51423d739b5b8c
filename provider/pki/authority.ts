/**
 * `rktnetes:pki:Authority`: a certificate authority in the state. Near its end it is signed anew with the same
 * key, so that all it has issued stays good. A new key (another `generation`, name or algorithm) is an update
 * in place, and the certificates of the keys before it stay in `bundle`, so that whoever trusts the bundle
 * trusts both while leaves move over.
 */
import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { failuresOf } from "../protocol/inputs.ts";
import type { ResourceKind } from "../protocol/resource.ts";
import { revealProperties, Secret, UNKNOWN, type Properties, type Value } from "../protocol/value.ts";
import type { Clock } from "./clock.ts";
import { changedInputs, generationInputs, isChanged, keptOf } from "./generation.ts";
import { CURVES, issueAuthority, type Issued, type Subject } from "./issue.ts";
import { stateHeld, unreadable } from "./state-held.ts";
import { renewalReason, validityFrom, type Validity } from "./validity.ts";

const inputsSchema = z
  .strictObject({
    commonName: z.string().min(1, "must not be empty").max(64, "must have at most 64 characters"),
    organization: z.string().min(1, "must not be empty").optional(),
    algorithm: z.enum(["EC-P256", "EC-P384"]),
    validityDays: z.int().min(1, "must be at least one day").max(36500, "must be at most 36500 days"),
    /** The renewal window, at the end of the validity. */
    renewBeforeDays: z.int().min(0, "must not be negative"),
    ...generationInputs,
  })
  .refine(({ validityDays, renewBeforeDays }) => renewBeforeDays < validityDays, {
    path: ["renewBeforeDays"],
    message: "must be less than validityDays",
  });

const outputsSchema = z.object({
  certificate: z.string(),
  privateKey: z.string(),
  notBefore: z.coerce.date(),
  notAfter: z.coerce.date(),
  previousCertificates: z.array(z.string()),
});

type Inputs = z.infer<typeof inputsSchema>;
type Recorded = z.infer<typeof outputsSchema>;

/** Inputs that a key belongs to: with another one of these it is another authority. */
const IDENTITY = ["commonName", "organization", "algorithm", "generation"] as const;

function withDefaults(news: Properties): Properties {
  const completed = { algorithm: "EC-P256", validityDays: 3650, generation: 1, keep: 1, ...news };
  const days = completed.validityDays;
  // Wider than a leaf's whole life by default, so that leaves are hardly ever cut short by their authority's end.
  const renewBeforeDays = typeof days === "number" ? Math.min(365, Math.floor(days * 0.3)) : UNKNOWN;
  return { renewBeforeDays, ...completed };
}

type Decision =
  { readonly act: "keep" } | { readonly act: "sign again" | "new key"; readonly reason: string };

function decide(recorded: Recorded, olds: Properties, news: Properties, now: Date): Decision {
  const other = IDENTITY.filter((key) => isChanged(key, olds, news));
  if (other.length > 0) return { act: "new key", reason: `another ${other.join(" and ")}` };
  if (isChanged("validityDays", olds, news)) return { act: "sign again", reason: "another validityDays" };
  const { renewBeforeDays } = news;
  if (typeof renewBeforeDays !== "number") return { act: "keep" };
  const due = renewalReason(recorded, renewBeforeDays, now);
  return due === undefined ? { act: "keep" } : { act: "sign again", reason: due };
}

export function authorityKind(clock: Clock): ResourceKind {
  return {
    token: "rktnetes:pki:Authority",
    ...stateHeld,

    check(news) {
      const inputs = withDefaults(news);
      return Promise.resolve({ inputs, failures: failuresOf(inputsSchema, inputs) });
    },

    diff({ olds, oldInputs, news }, { name }) {
      const recorded = recordedOf(olds, name);
      const changes = changedInputs(Object.keys(inputsSchema.shape), oldInputs, news);
      const decision = decide(recorded, oldInputs, news, clock());
      if (decision.act === "keep") return Promise.resolve({ changes });
      if (Object.keys(changes).length === 0) changes["notAfter"] = { kind: "update", inputDiff: false };
      const what = decision.act === "new key" ? "gets a new key" : "is signed again with the same key";
      return Promise.resolve({ changes, lines: [`the authority ${what}: ${decision.reason}`] });
    },

    async create(inputs, { name, preview }) {
      if (preview) return { id: name, outputs: unknownOutputs(UNKNOWN, []) };
      const parsed = inputsSchema.parse(revealProperties(inputs));
      const validity = validityFrom(clock(), parsed.validityDays);
      const issued = await issueAuthority(subjectOf(parsed), validity, { curve: CURVES[parsed.algorithm] });
      return { id: name, outputs: outputsOf(issued, validity, []) };
    },

    async update({ olds, oldInputs, news }, { name, preview }) {
      const recorded = recordedOf(olds, name);
      const now = clock();
      const { act } = decide(recorded, oldInputs, news, now);
      const newKey = act === "new key";
      const former = newKey
        ? [recorded.certificate, ...recorded.previousCertificates]
        : recorded.previousCertificates;
      const previous = keptOf(stillGood(former, now), news);
      if (act === "keep") return outputsOf(recorded, recorded, previous);
      if (preview) return unknownOutputs(newKey ? UNKNOWN : recorded.privateKey, previous);
      const parsed = inputsSchema.parse(revealProperties(news));
      const validity = validityFrom(now, parsed.validityDays);
      const key = newKey ? { curve: CURVES[parsed.algorithm] } : { privateKey: recorded.privateKey };
      return outputsOf(await issueAuthority(subjectOf(parsed), validity, key), validity, previous);
    },
  };
}

function recordedOf(outputs: Properties, name: string): Recorded {
  const parsed = outputsSchema.safeParse(revealProperties(outputs));
  if (!parsed.success) throw unreadable(name, parsed.error);
  return parsed.data;
}

function subjectOf({ commonName, organization }: Inputs): Subject {
  return { commonName, organizations: organization === undefined ? [] : [organization] };
}

function stillGood(certificates: readonly string[], now: Date): string[] {
  return certificates.filter((certificate) => new Date(new X509Certificate(certificate).validTo) > now);
}

function outputsOf(
  { certificate, privateKey }: Issued,
  validity: Validity,
  previous: readonly string[],
): Properties {
  return {
    certificate,
    privateKey: new Secret(privateKey),
    /** SHA-256, as `openssl x509 -fingerprint -sha256` shows it. */
    fingerprint: new X509Certificate(certificate).fingerprint256,
    notBefore: validity.notBefore.toISOString(),
    notAfter: validity.notAfter.toISOString(),
    previousCertificates: previous,
    bundle: [certificate, ...previous].join(""),
  };
}

function unknownOutputs(privateKey: Value, previousCertificates: readonly string[]): Properties {
  return {
    certificate: UNKNOWN,
    privateKey: new Secret(privateKey),
    fingerprint: UNKNOWN,
    notBefore: UNKNOWN,
    notAfter: UNKNOWN,
    previousCertificates,
    bundle: UNKNOWN,
  };
}
