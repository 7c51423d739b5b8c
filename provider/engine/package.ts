/**
 * `rktnetes:engine:Package`: the engine's package on the operator's machine, verified. Hosts get what it gives, and
 * nothing else; a package that fails is refused in the preview already.
 */
import { z } from "zod";
import { Fault } from "../../errors/fault.ts";
import { failuresOf } from "../protocol/inputs.ts";
import type { ResourceKind } from "../protocol/resource.ts";
import { containsUnknown, revealProperties, sameValue, UNKNOWN, type Properties } from "../protocol/value.ts";
import { candidateFor, packageInputs, packageSource } from "./source.ts";
import { verifyPackage, type VerifiedPackage } from "./verification.ts";

const historicalWarning =
  "this is upstream's rkt, which nobody maintains: its known holes (CVE-2019-10144, -10145, -10147) stay open";

const onlySource = z.object({ source: packageSource });

export const enginePackage: ResourceKind = {
  token: "rktnetes:engine:Package",

  async check(news) {
    const failures = failuresOf(packageInputs, news);
    if (failures.length > 0 || containsUnknown(news["source"] ?? null)) return { inputs: news, failures };
    // The host may not be known yet; whatever else is wrong with the package is said before anything is done.
    const { source } = onlySource.parse(revealProperties(news));
    const architecture = news["architecture"];
    try {
      await verifyPackage(
        await candidateFor(source, typeof architecture === "string" ? architecture : undefined),
      );
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { inputs: news, failures: [{ property: "source", reason: error.message }] };
    }
    return { inputs: news };
  },

  async diff({ olds, news }) {
    const found = await foreseen(news);
    const same = Object.entries(found).every(([name, value]) => sameValue(olds[name] ?? null, value));
    if (same) return { changes: {} };
    const { version } = found;
    return {
      changes: { source: { kind: "update" } },
      ...(typeof version === "string" ? { lines: [`the engine's package: ${version}`] } : {}),
    };
  },

  async create(inputs, { preview, name, log }) {
    const outputs = preview ? await foreseen(inputs) : await obtain(inputs);
    if (outputs["historical"] === true) log.warning(`${name}: ${historicalWarning}`);
    return { id: preview ? "" : name, outputs };
  },

  read: ({ id, outputs, inputs }) => Promise.resolve({ id, outputs, inputs }),

  update: ({ news }, { preview }) => (preview ? foreseen(news) : obtain(news)),

  // The package stays on the operator's machine, where somebody put it.
  delete: () => Promise.resolve(),
};

async function foreseen(inputs: Properties): Promise<Properties> {
  return containsUnknown(inputs)
    ? { path: UNKNOWN, sha256: UNKNOWN, size: UNKNOWN, package: UNKNOWN, version: UNKNOWN, signer: UNKNOWN }
    : obtain(inputs);
}

async function obtain(inputs: Properties): Promise<Properties> {
  const { architecture, source } = packageInputs.parse(revealProperties(inputs));
  return outputsOf(await verifyPackage(await candidateFor(source, architecture)), source.historical);
}

function outputsOf(verified: VerifiedPackage, historical: boolean): Properties {
  const { path, sha256, size, name, version, signer } = verified;
  return { path, sha256, size, package: name, version, signer, historical };
}
