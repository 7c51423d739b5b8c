/** Whatever an archive says, nothing outside the folder it is unpacked to changes. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { TarReader } from "../../../../engine/images/unpack/TarReader.ts";
import { TreeWriter } from "../../../../engine/images/unpack/TreeWriter.ts";
import { removeTree } from "../../../../engine/store/removeTree.ts";
import { Fault } from "../../../../errors/fault.ts";
import { scratchFolder } from "../../store/images.ts";
import { archiveOf } from "./archive.ts";
import type { Member } from "./archive.ts";

/** Few names, so that entries meet: links upon links, files where directories were. */
const component = fc.constantFrom(
  "a",
  "b",
  "c",
  "..",
  ".",
  "",
  "victim",
  ".wh.a",
  ".wh.victim",
  ".wh..wh..opq",
);
const path = fc
  .tuple(fc.boolean(), fc.array(component, { minLength: 1, maxLength: 5 }))
  .map(([absolute, parts]) => `${absolute ? "/" : ""}${parts.join("/")}`);
const harmlessPath = fc
  .array(fc.constantFrom("a", "b", "c", "victim"), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"));
const target = fc.oneof(path, fc.constantFrom("..", "../..", "/", "../victim", "../../..", "a/../../b"));
const member: fc.Arbitrary<Member> = fc.record({
  name: fc.oneof({ weight: 4, arbitrary: harmlessPath }, { weight: 1, arbitrary: path }),
  type: fc.constantFrom("0", "0", "1", "2", "2", "5", "5", "3"),
  target,
  content: fc.constantFrom("", "hostile"),
  mode: fc.constantFrom(0o755, 0o000, 0o6777),
});
const layers = fc.array(fc.array(member, { maxLength: 12 }), { minLength: 1, maxLength: 3 });

function snapshot(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

describe("hostile archives", () => {
  const scratch = scratchFolder();

  /** Unpacks archives and says whether all were taken; afterwards the surroundings must be as they were. */
  function unpack(archives: readonly Buffer[]): boolean {
    const surroundings = join(scratch(), "surroundings");
    const folder = join(surroundings, "deep", "tree");
    mkdirSync(folder, { recursive: true });
    for (const place of [scratch(), surroundings, join(surroundings, "deep")]) {
      writeFileSync(join(place, "victim"), "untouched");
    }
    const tree = new TreeWriter(folder, { owners: false, limits: { entries: 100, bytes: 100_000 } });
    let taken = true;
    try {
      for (const archive of archives) {
        tree.layer({ whiteouts: true });
        const reader = new TarReader(tree);
        reader.write(archive);
        reader.end();
      }
    } catch (error) {
      // Anything else is a mistake of ours that an archive found.
      if (!(error instanceof Fault)) throw error;
      tree.abandon();
      taken = false;
    }
    removeTree(folder);
    assert.deepEqual(snapshot(surroundings), ["deep", "deep/victim", "victim"]);
    for (const place of [scratch(), surroundings, join(surroundings, "deep")]) {
      assert.equal(readFileSync(join(place, "victim"), "utf8"), "untouched");
    }
    assert.deepEqual(readdirSync(scratch()).sort(), ["surroundings", "victim"]);
    return taken;
  }

  it("write nothing outside when made of links, names and whiteouts in any order", () => {
    let taken = 0;
    fc.assert(
      fc.property(layers, (each) => {
        if (unpack(each.map(archiveOf))) taken++;
      }),
      { numRuns: 120 },
    );
    assert.ok(taken > 5, `only ${taken} archives were taken whole, so little was tried`);
  }).timeout(60_000);

  it("write nothing outside, and fail in words, when bytes of them are changed", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(layers, fc.array(change, { minLength: 1, maxLength: 20 }), (each, changes) => {
        const archives = each.map(archiveOf);
        for (const archive of archives) {
          for (const { at, byte } of changes) archive[at % archive.length] = byte;
        }
        unpack(archives);
      }),
      { numRuns: 100 },
    );
  }).timeout(60_000);

  it("fail in words when they are no archives at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (bytes) => {
        unpack([Buffer.from(bytes)]);
      }),
      { numRuns: 60 },
    );
  }).timeout(60_000);
});
