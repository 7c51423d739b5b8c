import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { indexSchema, manifestSchema } from "../../../lab/images/oci.ts";
import { pauseArchive } from "../../../lab/images/pause.ts";

const reference = "images.example/pause:3.10";

describe("the archive of the pause image", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "pause-"));
    await writeFile(join(folder, "binary"), "#!/bin/true\n");
  });
  after(() => rm(folder, { recursive: true }));

  it("is the same, byte for byte, whenever it is made", async () => {
    const one = await pauseArchive(join(folder, "binary"), reference, join(folder, "one.tar"));
    const two = await pauseArchive(join(folder, "binary"), reference, join(folder, "two.tar"));
    assert.equal(one.sha256, two.sha256);
    assert.equal(one.size, (await readFile(join(folder, "one.tar"))).length);
  });

  it("holds one image under the reference, whose layer is the program alone", async () => {
    await pauseArchive(join(folder, "binary"), reference, join(folder, "three.tar"));
    const file = (name: string): string =>
      execFileSync("tar", ["-xOf", join(folder, "three.tar"), name], { encoding: "utf8" });
    const { manifests } = indexSchema.parse(JSON.parse(file("./index.json")));
    assert.equal(manifests.length, 1);
    const entry = manifests[0];
    assert.equal(entry?.annotations?.["io.containerd.image.name"], reference);
    assert.equal(entry.annotations["org.opencontainers.image.ref.name"], "3.10");
    const blob = (digest: string): string => `./blobs/sha256/${digest.replace("sha256:", "")}`;
    const manifest = manifestSchema.parse(JSON.parse(file(blob(entry.digest))));
    assert.match(file(blob(manifest.config.digest)), /"Entrypoint":\["\/pause"\]/);
    const layer = execFileSync("tar", [
      "-xOf",
      join(folder, "three.tar"),
      blob(manifest.layers[0]?.digest ?? ""),
    ]);
    const names = execFileSync("tar", ["-tv", "--numeric-owner"], { input: layer, encoding: "utf8" })
      .trim()
      .split("\n");
    assert.equal(names.length, 2);
    assert.match(names[1] ?? "", /^-rwxr-xr-x 0\/0 .* \.\/pause$/);
  });
});
