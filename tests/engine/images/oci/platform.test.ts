import assert from "node:assert/strict";
import { entryFor, platformOfThisMachine, type Platform } from "../../../../engine/images/oci/platform.ts";

const amd64 = { os: "linux", architecture: "amd64" };

function chosen(wanted: Platform, ...offered: (Platform | undefined)[]): number {
  const manifests = offered.map((platform, index) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${String(index).repeat(64)}`,
    size: index,
    platform,
  }));
  return entryFor(wanted, { schemaVersion: 2, manifests }, "a test").size;
}

describe("the image of an index", () => {
  it("is the one for this machine's architecture", () => {
    assert.equal(chosen(amd64, { os: "linux", architecture: "arm64" }, amd64), 1);
    assert.equal(chosen(platformOfThisMachine("arm64"), amd64, { os: "linux", architecture: "arm64" }), 1);
  });

  it("is never one for another system", () => {
    assert.throws(() => chosen(amd64, { os: "windows", architecture: "amd64" }), /not made for this machine/);
  });

  it("has the plain instruction set before one that this machine may lack", () => {
    assert.equal(chosen(amd64, { ...amd64, variant: "v3" }, amd64), 1);
  });

  it("is the nearest older variant where the machine's own is missing, never a newer one", () => {
    const arm = (variant: string) => ({ os: "linux", architecture: "arm", variant });
    assert.equal(chosen(arm("v7"), arm("v5"), arm("v6")), 1);
    assert.throws(() => chosen(arm("v6"), arm("v7")), /not made for this machine/);
    assert.equal(
      chosen(platformOfThisMachine("arm64"), { os: "linux", architecture: "arm64", variant: "v8" }),
      0,
    );
  });

  it("is the only one when nothing says what it is for", () => {
    assert.equal(chosen(amd64, undefined), 0);
    assert.throws(() => chosen(amd64, undefined, undefined), /no platform, no platform/);
  });
});
