/** An artefact that is on this machine, and the ways in which a local one is found. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { Fault, messageOf } from "../../errors/fault.ts";
import type { Cache } from "./cache.ts";
import { isMissing, measure } from "./digest.ts";
import type { Source, Sum } from "./source.ts";

export interface Obtained {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly version?: string | undefined;
}

const indexSchema = z.record(
  z.string(),
  z.object({
    path: z.string(),
    sha256: z.string(),
    size: z.number(),
    version: z.string().optional(),
  }),
);

const REMEDY = "run `make tools`";

/** What `make tools` has built under this name, checked against its index. */
export async function findBuilt(cache: Cache, { build }: Source & { kind: "build" }): Promise<Obtained> {
  const index = await readIndex(cache);
  const entry = Object.hasOwn(index, build) ? index[build] : undefined;
  if (entry === undefined) {
    throw new Fault({
      what: `no "${build}" has been built on this machine`,
      where: cache.index,
      allowed: `what is there: ${Object.keys(index).sort().join(", ") || "nothing"}`,
      remedy: REMEDY,
    });
  }
  const path = resolve(cache.folder, entry.path);
  const measured = await measure(cache, path, "sha256").catch((cause: unknown) => {
    throw new Fault({ what: `the built "${build}" cannot be read`, where: path, cause, remedy: REMEDY });
  });
  if (measured.digest !== entry.sha256) {
    throw new Fault({
      what: `the built "${build}" is not what the index of builds says`,
      where: path,
      got: `sha256 ${measured.digest}`,
      allowed: `sha256 ${entry.sha256}`,
      remedy: `remove the file and ${REMEDY}`,
    });
  }
  return { path, sha256: entry.sha256, size: measured.size, version: entry.version };
}

async function readIndex(cache: Cache): Promise<z.infer<typeof indexSchema>> {
  try {
    return indexSchema.parse(JSON.parse(await readFile(cache.index, "utf8")));
  } catch (error) {
    if (isMissing(error))
      throw new Fault({ what: "nothing has been built here yet", where: cache.index, remedy: REMEDY });
    throw new Fault({
      what: "the index of builds cannot be read",
      where: cache.index,
      cause: error,
      remedy: REMEDY,
    });
  }
}

/** A file of the operator's own, checked against its checksum if there is one. */
export async function findFile(
  cache: Cache,
  name: string,
  { file, sum }: Source & { kind: "file" },
): Promise<Obtained> {
  const path = resolve(file);
  try {
    const { digest: sha256, size } = await measure(cache, path, "sha256");
    if (sum !== undefined) assertSum(name, path, sum, (await measure(cache, path, sum.algorithm)).digest);
    return { path, sha256, size };
  } catch (error) {
    if (error instanceof Fault) throw error;
    const remedy = "set the artefact's `file` to a file that this machine has";
    const what = isMissing(error)
      ? `artefact "${name}": there is no such file`
      : `artefact "${name}" cannot be read`;
    throw new Fault({ what, where: path, remedy, ...(isMissing(error) ? {} : { cause: messageOf(error) }) });
  }
}

export function assertSum(name: string, where: string, { algorithm, digest }: Sum, got: string): void {
  if (got === digest) return;
  throw new Fault({
    what: `artefact "${name}" has the wrong checksum, so it is not used and no host is touched`,
    where,
    got: `${algorithm} ${got}`,
    allowed: `${algorithm} ${digest}`,
    remedy: "find out why the bytes differ; correct the source or the checksum, whichever is wrong",
  });
}
