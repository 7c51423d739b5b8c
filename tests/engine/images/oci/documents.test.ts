import assert from "node:assert/strict";
import {
  LARGEST_MANIFEST,
  readImageDocument,
  readRunnableManifest,
} from "../../../../engine/images/oci/documents.ts";

const digest = `sha256:${"a".repeat(64)}`;
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociIndex = "application/vnd.oci.image.index.v1+json";
const layer = (mediaType: string) => ({ mediaType, digest, size: 1 });
const manifest = (...layers: string[]) => ({
  schemaVersion: 2,
  mediaType: ociManifest,
  config: layer("application/vnd.oci.image.config.v1+json"),
  layers: layers.map(layer),
});
const bytes = (document: unknown) => Buffer.from(JSON.stringify(document));
const read = (document: unknown, type?: string) => readImageDocument(bytes(document), type, "a test");

describe("the documents of an image", () => {
  it("are told apart by what they say they are", () => {
    assert.equal(read(manifest(), ociManifest).kind, "manifest");
    assert.equal(read({ schemaVersion: 2, manifests: [] }, ociIndex).kind, "index");
    assert.equal(read({ schemaVersion: 2, manifests: [] }).kind, "index");
  });

  it("are refused in Docker's first schema, with the reason", () => {
    assert.throws(() => read({ schemaVersion: 1, fsLayers: [] }), /first manifest schema/);
    const announced = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    assert.throws(() => read({ name: "x" }, announced), /first manifest schema/);
  });

  it("are refused when they are an index to one reader and an image to another", () => {
    assert.throws(() => read({ ...manifest(), manifests: [] }, ociManifest), /an index and an image at once/);
    assert.throws(() => read(manifest(), ociIndex), /something else than it was announced as/);
  });

  it("are refused when they are no JSON, too large, or of another form", () => {
    assert.throws(() => readImageDocument(Buffer.from("{"), ociManifest, "a test"), /no JSON/);
    assert.throws(
      () => readImageDocument(Buffer.alloc(LARGEST_MANIFEST + 1), ociManifest, "a test"),
      /too large/,
    );
    assert.throws(
      () => read({ ...manifest(), layers: [{ digest: "sha512:1" }] }, ociManifest),
      /no valid image manifest/,
    );
    assert.throws(() => read({ hello: "world" }, "text/html"), /no manifest of an image/);
  });

  it("name layers that can be unpacked: plain, gzip and zstd", () => {
    const tar = "application/vnd.oci.image.layer.v1.tar";
    const all = manifest(
      tar,
      `${tar}+gzip`,
      `${tar}+zstd`,
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
    );
    assert.equal(readRunnableManifest(bytes(all), "a test").layers.length, 4);
  });

  it("are refused with layers that are kept elsewhere, or are no layers", () => {
    const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    assert.throws(
      () => readRunnableManifest(bytes(manifest(foreign)), "a test"),
      /kept outside of registries/,
    );
    assert.throws(
      () => readRunnableManifest(bytes(manifest("application/vnd.cncf.helm.chart")), "a test"),
      /cannot be unpacked/,
    );
  });
});
