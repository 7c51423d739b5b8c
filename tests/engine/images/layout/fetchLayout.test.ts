import assert from "node:assert/strict";
import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { nothingInsecure } from "../../../../engine/insecureOptions.ts";
import { Bench } from "../bench.ts";
import { FakeRegistry, types } from "../registry/fakeRegistry.ts";
import { archiveOf } from "../unpack/archive.ts";
import { layoutArchive, writeLayout } from "./writeLayout.ts";

const refName = "org.opencontainers.image.ref.name";

describe("fetching an image from a layout", () => {
  let bench: Bench;
  let maker: FakeRegistry;
  let entries: object[];
  const blobs = () =>
    new Map([
      ...maker.blobs,
      ...[...maker.manifests].map(([key, { bytes }]) => [digestIn(key), bytes] as const),
    ]);

  beforeEach(async () => {
    bench = (await Bench.set()).trustAnything();
    maker = await FakeRegistry.start();
    entries = [];
  });

  afterEach(async () => {
    await maker.server.stop();
    bench.clear();
  });

  const add = (name: string | undefined, contents: string[]): string => {
    const { mediaType, digest, size } = maker.push("app", contents);
    const annotations = name === undefined ? {} : { annotations: { [refName]: name } };
    entries.push({ mediaType, digest, size, ...annotations });
    return digest;
  };

  const write = async (): Promise<string> => {
    const folder = join(bench.folder, "My Layout".replace(" ", "-"));
    await writeLayout(folder, { blobs: blobs(), entries });
    return folder;
  };

  it("takes the only image there is, under a name of this host", async () => {
    const digest = add("1.2", ["x"]);
    const { record } = await bench.fetch(`oci:${await write()}`);
    assert.equal(record.name, "localhost/my-layout:1.2");
    assert.equal(record.oci?.manifestDigest, digest);
  });

  it("takes the one that is named, by the name that it has in a registry, and says which there are", async () => {
    add("quay.io/a/one:1", ["one"]);
    const two = add("quay.io/a/two:2", ["two"]);
    const folder = await write();
    const { record } = await bench.fetch(`oci:${folder}:quay.io/a/two:2`);
    assert.deepEqual([record.name, record.oci?.manifestDigest], ["quay.io/a/two:2", two]);
    await assert.rejects(
      bench.fetch(`oci:${folder}`),
      /several images[^]*quay\.io\/a\/one:1, quay\.io\/a\/two:2/,
    );
    await assert.rejects(bench.fetch(`oci:${folder}:three`), /no image "three"/);
  });

  it("takes it out of an archive, compressed or not, and leaves nothing unpacked", async () => {
    const digest = add(undefined, ["x"]);
    const archive = layoutArchive({ blobs: blobs(), entries });
    for (const bytes of [archive, gzipSync(archive)]) {
      await writeFile(join(bench.folder, "image.tar"), bytes);
      const { record } = await bench.fetch(`oci-archive:${join(bench.folder, "image.tar")}`);
      assert.deepEqual([record.name, record.oci?.manifestDigest], ["localhost/image:latest", digest]);
    }
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("writes nothing of an archive beside its folder", async () => {
    const outside = join(bench.folder, "outside");
    const archive = archiveOf([
      { name: "blobs", type: "2", target: bench.folder },
      { name: "../outside", content: "x" },
      { name: outside, content: "x" },
    ]);
    await writeFile(join(bench.folder, "evil.tar"), archive);
    await assert.rejects(bench.fetch(`oci-archive:${join(bench.folder, "evil.tar")}`), /no OCI image layout/);
    assert.deepEqual(await bench.leftovers(), []);
    await assert.rejects(rm(outside), /ENOENT/);
  });

  it("refuses blobs that are not what their names say, and links instead of files", async () => {
    add(undefined, ["x"]);
    const honest = blobs();
    const folder = await write();
    for (const [digest, bytes] of honest) {
      const path = join(folder, "blobs", "sha256", digest.slice("sha256:".length));
      await writeFile(path, Buffer.alloc(bytes.length));
      await assert.rejects(
        bench.fetch(`oci:${folder}`),
        /not what its name says|not those that were asked for/,
      );
      await rm(path);
      await symlink("/etc/passwd", path);
      await assert.rejects(bench.fetch(`oci:${folder}`), /no regular file/);
      await rm(path);
      await writeFile(path, bytes);
    }
    assert.deepEqual(await bench.store.list(), []);
  });

  it("is under the same policy as a registry, with the signatures that lie in it", async () => {
    bench.insecure = nothingInsecure;
    const digest = add("quay.io/a/one:1", ["x"]);
    const payload = maker.blob(Buffer.from("{}"), "application/vnd.dev.cosign.simplesigning.v1+json");
    const config = maker.blob(Buffer.from("{}"), types.config);
    const signature = { schemaVersion: 2, mediaType: types.manifest, config, layers: [payload] };
    const put = maker.put("app", signature, types.manifest);
    entries.push({ ...put, annotations: { [refName]: `${digest.replace(":", "-")}.sig` } });
    const artifactType = "application/vnd.dev.sigstore.bundle.v0.3+json";
    const bundle = maker.blob(Buffer.from("{}"), artifactType);
    entries.push({
      ...maker.put("app", { ...signature, artifactType, layers: [bundle] }, types.manifest),
      artifactType,
    });
    const folder = await write();
    await assert.rejects(bench.fetch(`oci:${folder}`), /nobody signed quay\.io\/a\/one/);
    bench.signedDigests.add(digest);
    assert.equal((await bench.fetch(`oci:${folder}`)).record.verification.by, "sigstore");
    assert.deepEqual([bench.beside.cosign, bench.beside.bundles], [1, 1]);
  });

  it("is the image of its name in a registry from then on, without that registry", async () => {
    const digest = add("quay.io/a/one:1", ["x"]);
    await bench.fetch(`oci:${await write()}`);
    for (const reference of ["docker://quay.io/a/one:1", `docker://quay.io/a/one@${digest}`]) {
      const { record } = await bench.fetch(reference, { pullPolicy: "never" });
      assert.equal(record.oci?.manifestDigest, digest);
    }
    await assert.rejects(bench.fetch("docker://quay.io/a/one:2", { pullPolicy: "never" }), /unable to fetch/);
  });

  it("says what is missing", async () => {
    await assert.rejects(
      bench.fetch(`oci:${join(bench.folder, "none")}`),
      /no OCI image layout[^]*no such file/,
    );
    await assert.rejects(bench.fetch(`oci-archive:${join(bench.folder, "none")}`), /none: no such file/);
  });
});

function digestIn(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
