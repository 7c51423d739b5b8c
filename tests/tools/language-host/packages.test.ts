import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installedPackages, providerOf, providerPackages } from "../../../tools/language-host/packages.ts";

describe("the packages that bring a provider", () => {
  let folder: string;

  const install = async (place: string, manifest: object): Promise<void> => {
    await mkdir(join(folder, place), { recursive: true });
    await writeFile(join(folder, place, "package.json"), JSON.stringify(manifest));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "packages-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("are found beside the program and above it, the nearer hiding the farther", async () => {
    const kubernetes = { name: "@pulumi/kubernetes", pulumi: { resource: true } };
    await install("node_modules/@pulumi/kubernetes", { ...kubernetes, version: "1.0.0" });
    await install("node_modules/left-pad", { name: "left-pad", version: "1.0.0" });
    await install("program/node_modules/@pulumi/kubernetes", { ...kubernetes, version: "2.0.0" });
    assert.deepEqual(await providerPackages(join(folder, "program")), [
      { name: "kubernetes", version: "v2.0.0", server: "" },
    ]);
  });

  it("are those that say so, under the name and version they give", () => {
    const pulumi = { resource: true, name: "other", version: "v3.1.0", server: "https://example.com" };
    assert.deepEqual(providerOf({ name: "@vendor/other", version: "1.0.0", pulumi }), {
      name: "other",
      version: "v3.1.0",
      server: "https://example.com",
    });
    assert.equal(
      providerOf({ name: "@pulumi/pulumi", version: "3.0.0", pulumi: { resource: false } }),
      undefined,
    );
    assert.equal(providerOf({ name: "@pulumi/pulumi", version: "3.0.0" }), undefined);
  });

  it("are listed as dependencies when the program names them, or all when asked", async () => {
    await install("program", { dependencies: { named: "*" } });
    await install("program/node_modules/named", { name: "named", version: "1.2.3" });
    await install("program/node_modules/implied", { name: "implied", version: "4.5.6" });
    const program = join(folder, "program");
    assert.deepEqual(await installedPackages(program, false), [{ name: "named", version: "1.2.3" }]);
    assert.equal((await installedPackages(program, true)).length, 2);
  });
});
