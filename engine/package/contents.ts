/** Every file of the package, for one architecture. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import type { Stage1Content } from "../../stage1/image.ts";
import type { Architecture } from "./architecture.ts";
import type { BuildCache } from "./buildCache.ts";
import { packageName } from "./control.ts";
import { bundleEngine } from "./engineBundle.ts";
import type { EngineSources } from "./engineSources.ts";
import { compileHelper } from "./helperProgram.ts";
import type { NodeProgram } from "./nodeProgram.ts";
import { type PackedFile, textFile } from "./packedFile.ts";
import { stage1Manifest, writeAci } from "./stage1Archive.ts";
import { units } from "./units.ts";

export interface BuildSettings {
  readonly cache: BuildCache;
  readonly architecture: Architecture;
  /** The project's version, which images and `rkt version` carry. */
  readonly version: string;
  /** Seconds since 1970, of everything in the package. */
  readonly time: number;
  readonly say: (line: string) => void;
}

const library = "/usr/lib/rkt";
const own = join(import.meta.dirname, "debian");

/** What is the same for every architecture, and made once. */
export async function commonFiles(
  sources: EngineSources,
  say: (line: string) => void,
): Promise<readonly PackedFile[]> {
  const { engine, stage1Entry } = sources;
  const shipped = units.filter(({ subcommand }) => sources.subcommands.includes(subcommand));
  const left = units.filter((unit) => !shipped.includes(unit));
  if (left.length > 0)
    say(`left out, since their subcommands are not there: ${left.map(({ name }) => name).join(", ")}`);
  const bundle = await bundleEngine(
    { engine, ...(stage1Entry === undefined ? {} : { "stage1-entry": stage1Entry }) },
    `${library}/engine`,
  );
  return [
    ...bundle.files,
    await document("bundled-licences.gz", bundle.licences),
    await ownFile("lintian-overrides", `/usr/share/lintian/overrides/${packageName}`),
    await ownFile("rkt", "/usr/bin/rkt", 0o755),
    ...(stage1Entry === undefined ? [] : [await ownFile("stage1-entry", `${library}/stage1-entry`, 0o755)]),
    await ownFile("tmpfiles.conf", "/usr/lib/tmpfiles.d/rkt.conf"),
    ...(await Promise.all(
      shipped.map(({ name }) => ownFile(`units/${name}`, `/usr/lib/systemd/system/${name}`)),
    )),
    ...(await Promise.all([...sources.manuals].map(([name, text]) => manual(name, text)))),
    textFile("/usr/share/bash-completion/completions/rkt", sources.completion),
  ];
}

/** What is made for one architecture: Node.js, and the flavours of stage1 with their programs. */
export async function nativeFiles(
  { flavours }: EngineSources,
  node: NodeProgram,
  settings: BuildSettings,
): Promise<readonly PackedFile[]> {
  const stage1 = await Promise.all(flavours.map((flavour) => stage1Files(flavour, settings)));
  return [
    textFile(
      `${library}/package.json`,
      `${JSON.stringify({ name: packageName, version: settings.version })}\n`,
    ),
    { path: `${library}/bin/node`, mode: 0o755, from: { kind: "file", file: node.program } },
    ...stage1.flat(),
  ];
}

async function manual(name: string, text: string): Promise<PackedFile> {
  return {
    path: `/usr/share/man/man1/${name}.gz`,
    mode: 0o644,
    from: { kind: "bytes", bytes: await compressed(text) },
  };
}

async function ownFile(name: string, path: string, mode = 0o644): Promise<PackedFile> {
  return textFile(path, await readFile(join(own, name), "utf8"), mode);
}

/** A document under the package's name, compressed as Debian wants it. */
export async function document(name: string, text: string): Promise<PackedFile> {
  return {
    path: `/usr/share/doc/${packageName}/${name}`,
    mode: 0o644,
    from: { kind: "bytes", bytes: await compressed(text) },
  };
}

/** At the best level, without a name or a time in it. */
function compressed(text: string): Promise<Buffer> {
  return promisify(gzip)(Buffer.from(text, "utf8"), { level: 9 });
}

async function stage1Files(
  { name, image }: EngineSources["flavours"][number],
  settings: BuildSettings,
): Promise<readonly PackedFile[]> {
  const { cache, architecture, version, time } = settings;
  const files = await Promise.all(
    image.files.map(async (file): Promise<PackedFile> => ({
      ...file,
      from: await packed(file.from, settings),
    })),
  );
  const manifest = stage1Manifest(image, version, architecture);
  // The first word stands for the way in which an archive is written: another one is another archive.
  const key = ["form 2", manifest, String(time), ...(await Promise.all(files.map(identityOf)))];
  const aci = await cache.get("stage1", key, (draft) => writeAci(draft, manifest, files, time));
  const programs = await Promise.all(
    (image.programs ?? []).map(async ({ name: program, ...helper }): Promise<PackedFile> => ({
      path: `${library}/stage1/${name}/${program}`,
      mode: 0o755,
      from: await packed(helper, settings),
    })),
  );
  return [
    { path: `${library}/stage1-images/stage1-${name}.aci`, mode: 0o644, from: { kind: "file", file: aci } },
    ...programs,
  ];
}

async function packed(
  content: Stage1Content,
  { cache, architecture }: BuildSettings,
): Promise<PackedFile["from"]> {
  switch (content.kind) {
    case "text":
      return { kind: "bytes", bytes: Buffer.from(content.text, "utf8") };
    case "program":
      return { kind: "file", file: await compileHelper(cache, content, architecture) };
    case "file":
    case "link":
    case "folder":
      return content;
  }
}

/** Whatever of a file decides about an archive's bytes. */
export async function identityOf({ path, mode, from }: PackedFile): Promise<string> {
  const head = `${path} ${mode.toString(8)} ${from.kind}`;
  switch (from.kind) {
    case "bytes":
      return `${head} ${Buffer.from(from.bytes).toString("base64")}`;
    case "file":
      return `${head} ${(await readFile(from.file)).toString("base64")}`;
    case "link":
      return `${head} ${from.target}`;
    case "folder":
      return head;
  }
}
