/**
 * `rktnetes:pki:RandomSecret`: random bytes, as a key for encryption at rest or a token. Another `generation`
 * draws new ones; those before stay in `previous`, for what is still encrypted with them.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { failuresOf } from "../protocol/inputs.ts";
import type { ResourceKind } from "../protocol/resource.ts";
import { revealProperties, Secret, UNKNOWN, type Properties } from "../protocol/value.ts";
import { changedInputs, generationInputs, isNewGeneration, keptOf } from "./generation.ts";
import { stateHeld, unreadable } from "./state-held.ts";

const inputsSchema = z.strictObject({
  bytes: z.int().min(16, "must be at least 16: fewer can be guessed").max(1024, "must be at most 1024"),
  ...generationInputs,
});
const outputsSchema = z.object({ base64: z.string(), previous: z.array(z.string()) });

/** Inputs that draw new bytes when they change. */
const IDENTITY = ["bytes", "generation"];

export const randomSecretKind: ResourceKind = {
  token: "rktnetes:pki:RandomSecret",
  ...stateHeld,

  check(news) {
    const inputs = { bytes: 32, generation: 1, keep: 1, ...news };
    return Promise.resolve({ inputs, failures: failuresOf(inputsSchema, inputs) });
  },

  diff({ oldInputs, news }) {
    const lines = isNewGeneration(IDENTITY, oldInputs, news) ? ["new random bytes are drawn"] : [];
    return Promise.resolve({
      changes: changedInputs(Object.keys(inputsSchema.shape), oldInputs, news),
      lines,
    });
  },

  create(inputs, { name, preview }) {
    return Promise.resolve({ id: name, outputs: preview ? outputsOf(UNKNOWN, []) : drawn(inputs, []) });
  },

  update({ olds, oldInputs, news }, { name, preview }) {
    const recorded = outputsSchema.safeParse(revealProperties(olds));
    if (!recorded.success) throw unreadable(name, recorded.error);
    const { base64, previous } = recorded.data;
    if (!isNewGeneration(IDENTITY, oldInputs, news)) {
      return Promise.resolve(outputsOf(base64, keptOf(previous, news)));
    }
    const kept = keptOf([base64, ...previous], news);
    return Promise.resolve(preview ? outputsOf(UNKNOWN, kept) : drawn(news, kept));
  },
};

function drawn(inputs: Properties, previous: readonly string[]): Properties {
  const { bytes } = inputsSchema.parse(revealProperties(inputs));
  return outputsOf(randomBytes(bytes).toString("base64"), previous);
}

function outputsOf(base64: string | typeof UNKNOWN, previous: readonly string[]): Properties {
  return { base64: new Secret(base64), previous: new Secret(previous) };
}
