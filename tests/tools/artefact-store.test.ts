import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  findStored,
  folderOf,
  indexEntries,
  parseManifest,
  publish,
  removeOldBuilds,
  store,
  unfinishedFolderOf,
} from "../../tools/artefact-store.ts";
import { cacheFolder } from "../../tools/cache-folder.ts";
import type { Program } from "../../tools/catalogue.ts";
import type { Recipe } from "../../tools/recipe.ts";

const program: Program = {
  name: "suite",
  purpose: "a test",
  coldSeconds: 1,
  steps: [
    {
      binaries: [
        { artefact: "suite-one", file: "one", package: "." },
        { artefact: "two", package: ".", answersTo: ["deux", "zwei"] },
      ],
    },
  ],
};
const recipe: Recipe = { program, version: "v1.0.0", commands: [], key: "abc" };

describe("the artefact store", () => {
  let root = "";
  const cache = (): ReturnType<typeof cacheFolder> => cacheFolder({ RKTNETES_CACHE: root });

  const build = async (key = "abc"): Promise<void> => {
    const made = { ...recipe, key };
    const folder = unfinishedFolderOf(cache(), made);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "one"), "first");
    writeFileSync(join(folder, "two"), "second");
    await store(cache(), made, folder, "go1.26.8");
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "artefacts-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("finds nothing where nothing was built", async () => {
    assert.equal(await findStored(cache(), recipe), undefined);
  });

  it("finds what was stored, with its sums", async () => {
    await build();
    const found = await findStored(cache(), recipe);
    assert.equal(found?.manifest.files["one"]?.sha256, createHash("sha256").update("first").digest("hex"));
    assert.equal(found.manifest.version, "v1.0.0");
  });

  it("counts a changed file of the same size as missing", async () => {
    await build();
    writeFileSync(join(folderOf(cache(), recipe), "one"), "fIrst");
    assert.equal(await findStored(cache(), recipe), undefined);
  });

  it("reads a file again whose time alone has changed, and finds it sound", async () => {
    await build();
    utimesSync(join(folderOf(cache(), recipe), "one"), 1, 1);
    assert.notEqual(await findStored(cache(), recipe), undefined);
  });

  it("counts a missing file and a cut-off manifest as nothing built", async () => {
    await build();
    rmSync(join(folderOf(cache(), recipe), "two"));
    assert.equal(await findStored(cache(), recipe), undefined);
    await build();
    const manifest = join(folderOf(cache(), recipe), "manifest.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").slice(0, 40));
    assert.equal(await findStored(cache(), recipe), undefined);
  });

  it("keeps the newest builds and removes the others, and what was left half done", async () => {
    for (const [place, key] of ["a", "b", "c", "d"].entries()) {
      await build(key);
      utimesSync(join(cache().artefacts, "suite", key), 1000 + place, 1000 + place);
    }
    mkdirSync(unfinishedFolderOf(cache(), { ...recipe, key: "e" }));
    await removeOldBuilds(cache(), program, 2);
    assert.deepEqual(readdirSync(join(cache().artefacts, "suite")).toSorted(), ["c", "d"]);
  });

  it("publishes an index by artefact, and links for every name a binary answers to", async () => {
    await build();
    const stored = await findStored(cache(), recipe);
    assert.ok(stored);
    await publish(cache(), indexEntries(program, stored));
    const index: unknown = JSON.parse(readFileSync(cache().index, "utf8"));
    assert.deepEqual(index, {
      "suite-one": {
        path: join(root, "artefacts", "suite", "abc", "one"),
        sha256: createHash("sha256").update("first").digest("hex"),
        size: 5,
        version: "v1.0.0",
        program: "suite",
      },
      two: {
        path: join(root, "artefacts", "suite", "abc", "two"),
        sha256: createHash("sha256").update("second").digest("hex"),
        size: 6,
        version: "v1.0.0",
        program: "suite",
        answersTo: ["deux", "zwei"],
      },
    });
    assert.deepEqual(readdirSync(cache().bin).toSorted(), ["deux", "suite-one", "two", "zwei"]);
    assert.equal(readlinkSync(join(cache().bin, "zwei")), "../artefacts/suite/abc/two");
  });
});

describe("parseManifest", () => {
  it("accepts nothing of another shape", () => {
    for (const text of [
      "",
      "[]",
      "null",
      '{"version":1}',
      '{"version":"v1","compiler":"go","files":{"a":{}}}',
    ])
      assert.equal(parseManifest(text), undefined, text);
  });
});

describe("cacheFolder", () => {
  it("is RKTNETES_CACHE, or rktnetes in the user's cache folder", () => {
    assert.equal(cacheFolder({ RKTNETES_CACHE: "/a" }).root, "/a");
    assert.equal(cacheFolder({ XDG_CACHE_HOME: "/b", RKTNETES_CACHE: "" }).root, "/b/rktnetes");
    assert.match(cacheFolder({}).root, /\/\.cache\/rktnetes$/);
  });
});
