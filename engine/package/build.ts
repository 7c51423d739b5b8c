/** Makes the package for one architecture, or takes it from the cache when nothing of it has changed. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { keyOf } from "./buildCache.ts";
import { type BuildSettings, document, identityOf, nativeFiles } from "./contents.ts";
import { changelogText, controlText, copyrightText, packageName } from "./control.ts";
import { writeDeb } from "./debArchive.ts";
import type { EngineSources } from "./engineSources.ts";
import { provideNode } from "./nodeProgram.ts";
import { type PackedFile, textFile } from "./packedFile.ts";

export interface BuiltPackage {
  readonly name: string;
  /** In the cache. */
  readonly path: string;
  /** The project's version and, behind a plus, what the package holds: two that differ have different versions. */
  readonly version: string;
  /** What it holds, apart from documents. */
  readonly files: readonly PackedFile[];
}

const scriptFolder = join(import.meta.dirname, "debian/scripts");

/** `common` is what `commonFiles` gives. */
export async function buildPackage(
  sources: EngineSources,
  common: readonly PackedFile[],
  settings: BuildSettings,
): Promise<BuiltPackage> {
  const { cache, architecture, time, say } = settings;
  const node = await provideNode(cache, architecture, say);
  const files = [...common, ...(await nativeFiles(sources, node, settings))];
  const scripts = await maintainerScripts();
  const copyright = copyrightText(sources.copyright);
  const parts = [
    node.key,
    process.versions.zlib,
    String(time),
    copyright,
    controlText("", architecture),
    changelogText("", time),
    ...Object.entries(scripts).flat(),
    // Node.js is known by the hash that npm checked.
    ...(await Promise.all(
      files.filter(({ path }) => !path.endsWith("/bin/node")).map((file) => identityOf(file)),
    )),
  ];
  const version = `${settings.version}+${keyOf(parts).slice(0, 8)}`;
  const documents = [
    textFile(`/usr/share/doc/${packageName}/copyright`, copyright),
    await document("changelog.gz", changelogText(version, time)),
    await document("node-licence.gz", node.licence),
  ];
  const path = await cache.get("packages", parts, async (draft) => {
    say(`packs ${packageName} ${version} for ${architecture}`);
    await writeDeb(draft, {
      files: [...files, ...documents],
      control: { control: controlText(version, architecture), ...scripts },
      time,
    });
  });
  return { name: `${packageName}_${version}_${architecture}.deb`, path, version, files };
}

async function maintainerScripts(): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(scriptFolder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(scriptFolder, name), "utf8")));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]));
}

/**
 * The time of every file in the package. Always the same, so that a commit which changes nothing of the engine makes no
 * new package of it.
 */
export function timeOfFiles(environment: NodeJS.ProcessEnv): number {
  const given = environment["SOURCE_DATE_EPOCH"];
  return given !== undefined && /^\d+$/.test(given) ? Number(given) : Date.UTC(2026, 0, 1) / 1000;
}

export async function projectVersion(checkout: string): Promise<string> {
  const found = /"version": "([^"]+)"/.exec(await readFile(join(checkout, "package.json"), "utf8"))?.[1];
  if (found === undefined) throw new Error("package.json has no version");
  return found;
}
