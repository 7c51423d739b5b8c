/** `rkt image build`: from a description to an image in a file, and its signature beside it. */
import { createHash, randomBytes } from "node:crypto";
import { createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { diskFault } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import type { ImageManifest } from "../appc/imageManifest.ts";
import { serializeImageManifest } from "../appc/serialize.ts";
import { appcArchitecture, platformOfThisMachine } from "../images/oci/platform.ts";
import { signatureBeside } from "../images/download/fetchFile.ts";
import type { PodParts } from "../pods/parts.ts";
import { imageIdOf } from "../store/keepAci.ts";
import type { ImageId } from "../store/records.ts";
import type { Description } from "./description.ts";
import { ImageTree } from "./imageTree.ts";
import { manifestOf } from "./manifestOf.ts";
import { packTree } from "./packTree.ts";
import { readDescription } from "./readDescription.ts";
import type { EngineCall } from "./runningSteps.ts";
import { signImage, type SigningKey } from "./signImage.ts";
import { StepsOfImage } from "./stepsOfImage.ts";
import { readDiskTree } from "./treeOnDisk.ts";

export interface BuildRequest {
  /** A file; what it names lies in its folder. */
  readonly description: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly sign?: SigningKey | undefined;
  /** What steps that run may reach: `none`, or what `rkt run --net` takes. */
  readonly network: string;
  readonly dns: readonly string[];
  /** `SOURCE_DATE_EPOCH`. */
  readonly sourceDate?: string | undefined;
  readonly engine: EngineCall;
}

/** Gives the image's id. The file appears when it is whole, with its signature where one was asked for. */
export async function buildImage(parts: PodParts, request: BuildRequest): Promise<ImageId> {
  const output = resolve(request.output);
  if (existsSync(output) && !request.overwrite)
    throw new Fault({ what: "output ACI file exists (try --overwrite)" });
  const description = readDescription(request.description);
  const context = dirname(resolve(request.description));
  const time = timeOf(description, request.sourceDate);
  refuseWhatCannotBe(description);
  const { report } = parts.context;
  const warn = (text: string): void => {
    report.warn(text);
  };
  const base = await baseOf(parts, description, context, warn);
  const manifest = manifestOf(description, { base: base?.manifest, architecture: architectureHere() });
  const steps = new StepsOfImage(parts, { ...request, context, manifest, time, base });
  try {
    const tree = await steps.take(description.steps);
    return await writeImage(manifest, tree, { ...request, output, time, warn });
  } catch (error) {
    throw diskFault(error);
  } finally {
    await steps.finish();
    base?.release();
  }
}

/** An image to build upon, rendered. */
export interface BaseImage {
  readonly id: ImageId;
  readonly manifest: ImageManifest;
  readonly tree: ImageTree;
  release(): void;
}

async function baseOf(
  parts: PodParts,
  { from }: Description,
  context: string,
  warn: (text: string) => void,
): Promise<BaseImage | undefined> {
  if (from === undefined) return undefined;
  const image = await parts.fetch({ image: /^\.\.?\//.test(from) ? resolve(context, from) : from }, "new");
  const store = await parts.store();
  const { id } = image.record;
  // Its tree stays until the archive is written, which reads from it.
  const use = await store.use(id);
  try {
    const rendered = await store.render(id);
    if (!parts.context.insecure.ondisk) await store.checkTree(rendered.id);
    const { tree } = await readDiskTree(rendered.rootfs, warn);
    return {
      id,
      manifest: image.manifest,
      tree,
      release: () => {
        use.release();
      },
    };
  } catch (error) {
    use.release();
    throw error;
  }
}

function refuseWhatCannotBe({ from, steps, dependencies = [] }: Description): void {
  const running = steps.findIndex(({ does }) => does === "run");
  const isRoot = process.geteuid?.() === 0;
  if (running !== -1 && dependencies.length > 0) {
    throw new Fault({
      what: "a step cannot run in an image whose dependencies are only joined when it is fetched",
      where: `steps[${running}].run`,
      remedy: "build upon the other image: name it in from, in place of dependencies",
    });
  }
  if (isRoot) return;
  const where = from !== undefined ? "from" : running !== -1 ? `steps[${running}].run` : undefined;
  if (where === undefined && !steps.some((step) => step.does === "copy" && step.keep)) return;
  throw new Fault({
    what: "only root can keep the owners of files, and run steps",
    where: where ?? "steps: keep",
    remedy: "run it as root",
  });
}

function timeOf({ time = 0 }: Description, sourceDate: string | undefined): number {
  if (sourceDate === undefined || sourceDate === "") return time;
  if (/^\d{1,10}$/.test(sourceDate)) return Number(sourceDate);
  throw new Fault({
    what: "SOURCE_DATE_EPOCH is no time",
    got: JSON.stringify(sourceDate.slice(0, 40)),
    allowed: "seconds since 1970",
  });
}

async function writeImage(
  manifest: ImageManifest,
  tree: ImageTree,
  {
    output,
    time,
    overwrite,
    sign,
    warn,
  }: Pick<BuildRequest, "output" | "overwrite" | "sign"> & {
    readonly time: number;
    readonly warn: (text: string) => void;
  },
): Promise<ImageId> {
  const beside = `${output}.${randomBytes(6).toString("hex")}.new`;
  const besideSignature = `${beside}.asc`;
  const signature = signatureBeside(output);
  try {
    const hash = createHash("sha512");
    await pipeline(
      Readable.from(hashed(packTree(serializeImageManifest(manifest), tree, time), hash), {
        objectMode: false,
      }),
      // Neither a name nor a time is in it.
      createGzip(),
      createWriteStream(beside, { flags: "wx", mode: 0o644 }),
    );
    if (sign !== undefined) await signImage(beside, besideSignature, sign, warn);
    if (!overwrite && existsSync(output))
      throw new Fault({ what: "output ACI file exists (try --overwrite)" });
    // A signature of the image that was here would be taken for one of the new.
    rmSync(signature, { force: true });
    if (sign !== undefined) renameSync(besideSignature, signature);
    renameSync(beside, output);
    return imageIdOf(hash.digest());
  } finally {
    rmSync(beside, { force: true });
    rmSync(besideSignature, { force: true });
  }
}

async function* hashed(
  pieces: AsyncIterable<Buffer>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

function architectureHere(): string {
  const { architecture, variant } = platformOfThisMachine();
  return appcArchitecture(architecture, variant);
}
