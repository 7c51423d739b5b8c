/**
 * `rktnetes:pki:KeyPair`: a pair of keys for signing, such as that of service accounts' tokens. Another
 * `generation` makes a new pair in place; the public keys before it stay in `bundle`, so that what they
 * signed is still believed.
 */
import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { z } from "zod";
import { failuresOf } from "../protocol/inputs.ts";
import type { ResourceKind } from "../protocol/resource.ts";
import { revealProperties, Secret, UNKNOWN, type Properties } from "../protocol/value.ts";
import { changedInputs, generationInputs, isNewGeneration, keptOf } from "./generation.ts";
import { CURVES } from "./issue.ts";
import { stateHeld, unreadable } from "./state-held.ts";

const ALGORITHMS = ["EC-P256", "EC-P384", "RSA-2048", "RSA-3072", "RSA-4096"] as const;
type Algorithm = (typeof ALGORITHMS)[number];

const inputsSchema = z.strictObject({ algorithm: z.enum(ALGORITHMS), ...generationInputs });
const outputsSchema = z.object({
  publicKey: z.string(),
  privateKey: z.string(),
  previousPublicKeys: z.array(z.string()),
});

/** Inputs that make a new pair when they change. */
const IDENTITY = ["algorithm", "generation"];

export const keyPairKind: ResourceKind = {
  token: "rktnetes:pki:KeyPair",
  ...stateHeld,

  check(news) {
    const inputs = { algorithm: "EC-P256", generation: 1, keep: 1, ...news };
    return Promise.resolve({ inputs, failures: failuresOf(inputsSchema, inputs) });
  },

  diff({ oldInputs, news }) {
    const lines = isNewGeneration(IDENTITY, oldInputs, news) ? ["a new pair of keys is made"] : [];
    return Promise.resolve({
      changes: changedInputs(Object.keys(inputsSchema.shape), oldInputs, news),
      lines,
    });
  },

  async create(inputs, { name, preview }) {
    return { id: name, outputs: preview ? unknownPair([]) : await newPair(inputs, []) };
  },

  async update({ olds, oldInputs, news }, { name, preview }) {
    const recorded = outputsSchema.safeParse(revealProperties(olds));
    if (!recorded.success) throw unreadable(name, recorded.error);
    const { publicKey, privateKey, previousPublicKeys } = recorded.data;
    if (!isNewGeneration(IDENTITY, oldInputs, news)) {
      return outputsOf(publicKey, privateKey, keptOf(previousPublicKeys, news));
    }
    const previous = keptOf([publicKey, ...previousPublicKeys], news);
    return preview ? unknownPair(previous) : newPair(news, previous);
  },
};

async function newPair(inputs: Properties, previous: readonly string[]): Promise<Properties> {
  const { algorithm } = inputsSchema.parse(revealProperties(inputs));
  const { publicKey, privateKey } = await generate(algorithm);
  return outputsOf(
    publicKey.export({ type: "spki", format: "pem" }).toString(),
    privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    previous,
  );
}

async function generate(algorithm: Algorithm): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  switch (algorithm) {
    case "EC-P256":
    case "EC-P384":
      return promisify(generateKeyPair)("ec", { namedCurve: CURVES[algorithm] });
    case "RSA-2048":
    case "RSA-3072":
    case "RSA-4096":
      return promisify(generateKeyPair)("rsa", { modulusLength: Number(algorithm.slice("RSA-".length)) });
  }
}

function outputsOf(publicKey: string, privateKey: string, previous: readonly string[]): Properties {
  return {
    publicKey,
    privateKey: new Secret(privateKey),
    previousPublicKeys: previous,
    bundle: [publicKey, ...previous].join(""),
  };
}

function unknownPair(previousPublicKeys: readonly string[]): Properties {
  return { publicKey: UNKNOWN, privateKey: new Secret(UNKNOWN), previousPublicKeys, bundle: UNKNOWN };
}
