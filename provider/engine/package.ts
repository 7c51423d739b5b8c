/**
 * `rktnetes:engine:Package`: the engine's package on the operator's machine, verified. Hosts get what it gives, and
 * nothing else; a package that fails is refused in the preview already.
 */
import { z } from "zod";
import { cacheAt, type Cache } from "../artefact/cache.ts";
import type { Patience } from "../artefact/download.ts";
import { Fault } from "../../errors/fault.ts";
import { failuresOf } from "../protocol/inputs.ts";
import type { OperationContext, ResourceKind } from "../protocol/resource.ts";
import { containsUnknown, revealProperties, sameValue, UNKNOWN, type Properties } from "../protocol/value.ts";
import { fetchedPlaces, fetchPackage, forgetSignature, isFetched } from "./fetchedPackage.ts";
import { candidateFor, packageInputs, packageSource, type PackageInputs } from "./source.ts";
import { verifyPackage, type VerifiedPackage } from "./verification.ts";

const historicalWarning =
  "this is upstream's rkt, which nobody maintains: its known holes (CVE-2019-10144, -10145, -10147) stay open";

const onlySource = z.object({ source: packageSource });

export interface PackageOptions {
  /** Asked for at each operation, since a test may move it. */
  readonly cache?: () => Cache;
  readonly patience?: Patience;
}

export function enginePackage({ cache = cacheAt, patience }: PackageOptions = {}): ResourceKind {
  /** What the inputs stand for, or as much of it as can be told without fetching. */
  const foreseen = async (inputs: Properties): Promise<Properties> => {
    if (containsUnknown(inputs)) return unknownOutputs;
    const parsed = packageInputs.parse(revealProperties(inputs));
    const places = fetchedPlaces(parsed.source, cache());
    if (places === undefined || (await isFetched(parsed.source, cache()))) return verified(parsed);
    return { ...unknownOutputs, path: places.path, sha256: parsed.source.sha256 ?? UNKNOWN };
  };

  const obtain = async (inputs: Properties, { name, signal, log }: OperationContext): Promise<Properties> => {
    const parsed = packageInputs.parse(revealProperties(inputs));
    const progress = (line: string): void => {
      log.progress(line);
    };
    await fetchPackage(parsed.source, cache(), name, {
      signal,
      progress,
      ...(patience === undefined ? {} : { patience }),
    });
    return verified(parsed);
  };

  const verified = async ({ source, architecture }: PackageInputs): Promise<Properties> => {
    try {
      const found = await verifyPackage(await candidateFor(source, architecture, cache()));
      return outputsOf(found, source.historical);
    } catch (error) {
      // The next run may find a better one at the same address.
      await forgetSignature(source, cache());
      throw error;
    }
  };

  return {
    token: "rktnetes:engine:Package",

    async check(news) {
      const failures = failuresOf(packageInputs, news);
      if (failures.length > 0 || containsUnknown(news["source"] ?? null)) return { inputs: news, failures };
      // The host may not be known yet; whatever else is wrong with the package is said before anything is done.
      const { source } = onlySource.parse(revealProperties(news));
      const architecture = news["architecture"];
      if (source.url !== undefined && !(await isFetched(source, cache()))) return { inputs: news };
      try {
        await verifyPackage(
          await candidateFor(source, typeof architecture === "string" ? architecture : undefined, cache()),
        );
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        await forgetSignature(source, cache());
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
        lines: [`the engine's package: ${typeof version === "string" ? version : "is fetched and verified"}`],
      };
    },

    async create(inputs, context) {
      const { preview, name, log } = context;
      const outputs = preview ? await foreseen(inputs) : await obtain(inputs, context);
      if (outputs["historical"] === true) log.warning(`${name}: ${historicalWarning}`);
      return { id: preview ? "" : name, outputs };
    },

    read: ({ id, outputs, inputs }) => Promise.resolve({ id, outputs, inputs }),

    update: ({ news }, context) => (context.preview ? foreseen(news) : obtain(news, context)),

    // The package stays on the operator's machine, where somebody put it.
    delete: () => Promise.resolve(),
  };
}

const unknownOutputs: Properties = {
  path: UNKNOWN,
  sha256: UNKNOWN,
  size: UNKNOWN,
  package: UNKNOWN,
  version: UNKNOWN,
  signer: UNKNOWN,
};

function outputsOf(found: VerifiedPackage, historical: boolean): Properties {
  const { path, sha256, size, name, version, signer } = found;
  return { path, sha256, size, package: name, version, signer, historical };
}
