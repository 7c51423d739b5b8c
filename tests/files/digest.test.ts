import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOfFile } from "../../files/digest.ts";

describe("digestOfFile", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "digest-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("sums what takes several reads as what takes none", async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc((1 << 21) + 3, "some text")]) {
      const file = join(folder, "file");
      await writeFile(file, bytes);
      assert.equal(await digestOfFile(file), createHash("sha256").update(bytes).digest("hex"));
      assert.equal(await digestOfFile(file, "sha512"), createHash("sha512").update(bytes).digest("hex"));
    }
  });

  it("fails for a file that is not there", async () => {
    await assert.rejects(digestOfFile(join(folder, "none")), { code: "ENOENT" });
  });
});
