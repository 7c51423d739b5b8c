import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IndexedArtefact } from "../../tools/artefact-store.ts";
import { pauseImage } from "../../tools/pause-image.ts";

const REFERENCE = "images.example/pause:1";
/** A time, in seconds, that no fraction is lost of. */
const WRITTEN = 1000;

describe("the pause image beside its binary", () => {
  let folder = "";
  let made: string[] = [];

  const image = (reference = REFERENCE): Promise<IndexedArtefact> => {
    const pause = {
      path: join(folder, "pause"),
      sha256: "of the binary",
      size: 1,
      version: "v1",
      program: "pause",
    };
    return pauseImage(pause, reference, async (_binary, name, file) => {
      made.push(name);
      await writeFile(file, `image of ${name}`);
      await utimes(file, WRITTEN, WRITTEN);
    });
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pause-image-"));
    made = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is made once", async () => {
    const first = await image();
    assert.equal(first.sha256, createHash("sha256").update(`image of ${REFERENCE}`).digest("hex"));
    assert.deepEqual(await image(), first);
    assert.deepEqual(made, [REFERENCE]);
  });

  it("is not read again as long as its size and time are those that were recorded", async () => {
    const first = await image();
    await writeFile(first.path, "x".repeat(first.size));
    await utimes(first.path, WRITTEN, WRITTEN);
    assert.deepEqual(await image(), first);
    assert.deepEqual(made, [REFERENCE]);
  });

  it("is made again when it was changed, is gone, or is to have another reference", async () => {
    const { path } = await image();
    await writeFile(path, "changed");
    await image();
    await rm(path);
    await image();
    await image("images.example/pause:2");
    assert.deepEqual(made, [REFERENCE, REFERENCE, REFERENCE, "images.example/pause:2"]);
  });

  it("is made again after a run that was cut off before it wrote down what it made", async () => {
    await image();
    await writeFile(join(folder, "image.json"), '{"reference": "images');
    await image();
    assert.deepEqual(made, [REFERENCE, REFERENCE]);
  });
});
