/**
 * A program for tests: brings images into the store of a folder and renders them. `forever` does it again and again,
 * removing and collecting in between, until it is killed; `once` does it once and says in words what went wrong.
 */
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { Fault } from "../../../errors/fault.ts";
import { gcStore } from "../../../engine/store/gcStore.ts";
import type { DiskStore } from "../../../engine/store/DiskStore.ts";
import { aciOf, facts, importOci, storeIn } from "./images.ts";
import type { Member } from "../images/unpack/archive.ts";

const [mode = "", data = ""] = process.argv.slice(2);

if (mode === "forever") {
  const { store } = await storeIn(data);
  console.log("ready");
  for (let round = 0; ; round++) await bringAndCollect(store, round);
} else {
  try {
    const { store } = await storeIn(data);
    const bytes = aciOf([{ name: "big", content: Buffer.alloc(8_000_000, "big") }]);
    const { record } = await store.importAci(Readable.from([bytes]), facts);
    console.log("imported");
    await store.render(record.id);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    console.log(error.message);
  }
}

async function bringAndCollect(into: DiskStore, round: number): Promise<void> {
  const bytes = aciOf(filesOf(round), { name: "example.com/killed", version: String(round) });
  const { record } = await into.importAci(Readable.from([round % 2 === 0 ? bytes : gzipSync(bytes)]), facts);
  const tree = await into.render(record.id);
  const image = await importOci(into, [filesOf(round), filesOf(round + 1)]);
  await into.render(image.record.id);
  if (round % 3 !== 2) return;
  await into.remove(record.id);
  await gcStore(into, { gracePeriodMilliseconds: 0, treesInUse: () => new Set([tree.id]) });
}

function filesOf(round: number): Member[] {
  return Array.from({ length: 200 }, (_, index) => ({
    name: `dir${index % 7}/file${index}`,
    content: `${round} ${index} `.repeat(400),
  }));
}
