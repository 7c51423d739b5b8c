/**
 * `rktnetes:artefact:Artefact`: bytes on the operator's machine that hosts will get, known by their checksum.
 * What is built or given as a file is looked at in the preview already; what is fetched, when it is created.
 */
import { z } from "zod";
import { failuresOf } from "../protocol/inputs.ts";
import type { Change, OperationContext, ResourceKind } from "../protocol/resource.ts";
import { containsUnknown, revealProperties, sameValue, UNKNOWN, type Properties } from "../protocol/value.ts";
import { cacheAt, type Cache } from "./cache.ts";
import { isMissing, measure, short } from "./digest.ts";
import { download, downloadPath, isDownloaded, type Download, type Patience } from "./download.ts";
import { extract, memberPath } from "./member.ts";
import { findBuilt, findFile, type Obtained } from "./obtained.ts";
import { artefactInputs, inputsSchema, type ArtefactInputs } from "./source.ts";

const outputsSchema = z.object({
  path: z.string(),
  sha256: z.string(),
  size: z.number(),
  version: z.string().optional(),
});

export interface ArtefactOptions {
  /** Asked for at each operation, since a test may move it. */
  readonly cache?: () => Cache;
  readonly patience?: Patience;
}

export function artefactKind({ cache = cacheAt, patience }: ArtefactOptions = {}): ResourceKind {
  /** What the inputs stand for, or as much of it as can be told without fetching. */
  const foreseen = async (inputs: Properties): Promise<Properties> => {
    if (containsUnknown(inputs)) return { path: UNKNOWN, sha256: UNKNOWN, size: UNKNOWN };
    const parsed = artefactInputs(revealProperties(inputs));
    const local = await findLocal(cache(), parsed);
    if (local !== undefined) return outputsOf(local);
    return parsed.source.kind === "url" ? expected(cache(), parsed.source) : {};
  };

  const obtain = async (inputs: Properties, { signal, log }: OperationContext): Promise<Properties> => {
    const parsed = artefactInputs(revealProperties(inputs));
    const { name, source } = parsed;
    if (source.kind === "url") {
      const progress = (line: string): void => {
        log.progress(line);
      };
      const options = { signal, progress, ...(patience === undefined ? {} : { patience }) };
      await download(cache(), name, source, options);
      if (source.member !== undefined) await extract(cache(), name, source.sum, source.member);
    }
    const obtained = await findLocal(cache(), parsed);
    if (obtained === undefined) throw new Error(`artefact "${name}" is gone as soon as it was obtained`);
    return outputsOf(obtained);
  };

  return {
    token: "rktnetes:artefact:Artefact",

    check: (news) => Promise.resolve({ inputs: news, failures: failuresOf(inputsSchema, news) }),

    async diff({ olds, oldInputs, news }, { name }) {
      const recorded = outputsSchema.safeParse(revealProperties(olds));
      const found = await foreseen(news);
      if (recorded.success && sameValue(outputsOf(recorded.data), found)) return { changes: {} };
      const source: Change = { kind: "update" };
      const changed = !sameValue(oldInputs["source"] ?? null, news["source"] ?? null);
      const drift: Change = { kind: "update", inputDiff: false };
      return {
        changes: changed ? { source } : { sha256: drift },
        lines: [differenceLine(name, recorded.data, found)],
      };
    },

    async create(inputs, context) {
      return {
        id: context.name,
        outputs: await (context.preview ? foreseen(inputs) : obtain(inputs, context)),
      };
    },

    update: ({ news }, context) => (context.preview ? foreseen(news) : obtain(news, context)),

    async read({ id, outputs, inputs }) {
      const { path, sha256 } = outputsSchema.parse(revealProperties(outputs));
      try {
        const there = (await measure(cache(), path, "sha256")).digest === sha256;
        return { id: there ? id : "", outputs, inputs };
      } catch (error) {
        if (isMissing(error)) return { id: "", outputs, inputs };
        throw error;
      }
    },

    // The cache is kept: it is not this stack's alone.
    delete: () => Promise.resolve(),
  };
}

/** The artefact, if it is on this machine and right. What was built or given must be, what is fetched may be. */
async function findLocal(cache: Cache, { name, source }: ArtefactInputs): Promise<Obtained | undefined> {
  switch (source.kind) {
    case "build":
      return findBuilt(cache, source);
    case "file":
      return findFile(cache, name, source);
    case "url":
      return findDownloaded(cache, source);
  }
}

async function findDownloaded(cache: Cache, { sum, member }: Download): Promise<Obtained | undefined> {
  if (!(await isDownloaded(cache, sum))) return undefined;
  const path = member === undefined ? downloadPath(cache, sum) : memberPath(cache, sum, member);
  try {
    const { digest: sha256, size } = await measure(cache, path, "sha256");
    return { path, sha256, size };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function expected(cache: Cache, { sum, member }: Download): Properties {
  if (member !== undefined) return { path: memberPath(cache, sum, member), sha256: UNKNOWN, size: UNKNOWN };
  const sha256 = sum.algorithm === "sha256" ? sum.digest : UNKNOWN;
  return { path: downloadPath(cache, sum), sha256, size: UNKNOWN };
}

function outputsOf({ path, sha256, size, version }: Obtained): Properties {
  return { path, sha256, size, ...(version === undefined ? {} : { version }) };
}

function differenceLine(name: string, old: Obtained | undefined, found: Properties): string {
  const { sha256, version, size } = found;
  if (typeof sha256 !== "string" || typeof size !== "number") return `${name}: is fetched`;
  if (old === undefined) return `${name}: ${short(sha256)}`;
  const versions = typeof version === "string" && old.version !== undefined && old.version !== version;
  const parts = [
    ...(versions ? [`${old.version} → ${version}`] : []),
    old.sha256 === sha256 ? "moved within this machine" : `${short(old.sha256)} → ${short(sha256)}`,
  ];
  return `${name}: ${parts.join(", ")}`;
}
