import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { imageInStore } from "../../../../engine/cli/imageInStore.ts";
import { nothingInsecure } from "../../../../engine/insecureOptions.ts";
import { Bench } from "../bench.ts";
import {
  answers,
  breaksOffAt,
  makeIdentity,
  stallsAt,
  WebServer,
  serves,
  type Identity,
} from "../serving.ts";
import { architectureHere, FakeRegistry, types } from "./fakeRegistry.ts";

describe("fetching an image from a registry", () => {
  let bench: Bench;
  let registry: FakeRegistry;

  beforeEach(async () => {
    bench = (await Bench.set()).trustAnything();
    registry = await FakeRegistry.start();
  });

  afterEach(async () => {
    await registry.server.stop();
    bench.clear();
  });

  const reference = (name: string) => `docker://${registry.server.host}/${name}`;

  it("brings in its manifest, its configuration and its layers", async () => {
    const pushed = registry.push("lib/app:1", ["one", "two"]);
    const { record, manifest } = await bench.fetch(reference("lib/app:1"));
    assert.equal(record.name, `${registry.server.host}/lib/app:1`);
    assert.equal(manifest.name, `${registry.server.host.replace(":", "_")}/lib/app`);
    assert.equal(record.oci?.manifestDigest, pushed.digest);
    assert.deepEqual(
      record.oci.layers.map(({ digest }) => digest),
      pushed.layers.map(({ digest }) => digest),
    );
    assert.deepEqual(record.verification, { by: "nothing", reason: "--insecure-options=image" });
    assert.deepEqual(record.oci.repoDigests, [`${registry.server.host}/lib/app@${pushed.digest}`]);
    assert.equal(record.latest, false);
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("knows Docker's manifests, and takes the tag latest where none is given", async () => {
    registry.push("app:latest", ["x"], { type: types.docker });
    const { record } = await bench.fetch(reference("app"));
    assert.equal(record.latest, true);
  });

  it("chooses from an index the image for this machine, by the index's digest as well", async () => {
    const wrong = registry.push("app", ["wrong"], { architecture: "s390x" });
    const right = registry.push("app", ["right"]);
    const platform = (architecture: string) => ({ os: "linux", architecture });
    const index = registry.put(
      "app:1",
      {
        schemaVersion: 2,
        mediaType: types.index,
        manifests: [
          { mediaType: types.manifest, digest: wrong.digest, size: wrong.size, platform: platform("s390x") },
          {
            mediaType: types.manifest,
            digest: right.digest,
            size: right.size,
            platform: platform(architectureHere()),
          },
        ],
      },
      types.index,
    );
    assert.equal((await bench.fetch(reference("app:1"))).record.oci?.manifestDigest, right.digest);
    const pinned = await bench.fetch(reference(`app@${index.digest}`));
    assert.equal(pinned.record.oci?.manifestDigest, right.digest);
    assert.deepEqual(bench.warnings, []);
    // Also by the index's digest, which is what a kubelet and a person know it by.
    const name = `${registry.server.host}/app@${index.digest}`;
    assert.ok(pinned.record.oci.repoDigests.includes(name));
    assert.equal((await imageInStore(bench.store, name)).record.id, pinned.record.id);
    await registry.server.stop();
    const known = await bench.fetch(reference(`app@${index.digest}`), { pullPolicy: "never" });
    assert.equal(known.record.id, pinned.record.id);
  });

  it("warns of an image for another machine that no index offered a choice of", async () => {
    registry.push("app:1", ["x"], { architecture: "s390x" });
    await bench.fetch(reference("app:1"));
    assert.match(bench.warnings[0] ?? "", /made for linux\/s390x/);
  });

  it("says that a first-schema image is one", async () => {
    registry.put(
      "app:1",
      { schemaVersion: 1, fsLayers: [] },
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
    );
    await assert.rejects(bench.fetch(reference("app:1")), /Docker's first manifest schema/);
  });

  it("says that there is no such image", async () => {
    await assert.rejects(bench.fetch(reference("app:1")), /docker:\/\/127.*app:1 is not there/);
  });

  it("fetches no layer that the store has, and none twice", async () => {
    registry.push("app:1", ["shared", "shared", "one"]);
    await bench.fetch(reference("app:1"));
    const blobs = registry.server.paths.filter((path) => path.includes("/blobs/"));
    assert.equal(new Set(blobs).size, blobs.length);
    registry.push("app:2", ["shared", "shared", "two"]);
    registry.server.seen.length = 0;
    await bench.fetch(reference("app:2"));
    assert.equal(registry.server.paths.filter((path) => path.includes("/blobs/")).length, 2);
  });

  it("asks nobody for what is here, unless it shall be updated; and nobody at all when it may not", async () => {
    registry.push("app:1");
    await assert.rejects(
      bench.fetch(reference("app:1"), { pullPolicy: "never" }),
      /unable to fetch docker image from URL/,
    );
    const first = await bench.fetch(reference("app:1"));
    registry.server.seen.length = 0;
    await bench.fetch(reference("app:1"), { pullPolicy: "new" });
    assert.deepEqual(registry.server.seen, []);
    registry.push("app:1", ["newer"]);
    assert.notEqual((await bench.fetch(reference("app:1"))).record.id, first.record.id);
  });

  it("refuses a manifest that is not the one of the digest that was asked for", async () => {
    const pushed = registry.push("app:1");
    const other = registry.push("app:2", ["other"]);
    const lie = registry.manifests.get(`app/${other.digest}`);
    assert.ok(lie);
    registry.manifests.set(`app/${pushed.digest}`, lie);
    await assert.rejects(
      bench.fetch(reference(`app@${pushed.digest}`)),
      /another manifest than was asked for/,
    );
    assert.deepEqual(await bench.store.list(), []);
  });

  it("refuses layers and configurations that are not those of their digests", async () => {
    const { layers, config } = registry.push("app:1", ["x".repeat(1000)]);
    for (const { digest, size } of [layers[0]!, config]) {
      const honest = registry.blobs.get(digest)!;
      registry.blobs.set(digest, Buffer.alloc(size));
      await assert.rejects(bench.fetch(reference("app:1")), /(than was|that were) asked for/);
      assert.deepEqual(await bench.store.list(), []);
      assert.deepEqual(await bench.leftovers(), []);
      registry.blobs.set(digest, honest);
    }
    await bench.fetch(reference("app:1"));
  });

  it("stops a layer that is larger than was announced", async () => {
    const { layers } = registry.push("app:1", ["x"]);
    registry.blobs.set(layers[0]!.digest, Buffer.alloc(layers[0]!.size + 1));
    await assert.rejects(bench.fetch(reference("app:1")), /another size than was announced/);
  });

  it("continues a layer where the connection broke off or fell silent", async () => {
    for (const cut of ["breaks off", "falls silent"]) {
      const { layers } = registry.push("app:1", [randomBytes(400_000)]);
      const { digest } = layers[0]!;
      const bytes = registry.blobs.get(digest)!;
      registry.answerInstead(
        digest,
        cut === "breaks off" ? breaksOffAt(350_000, bytes) : stallsAt(350_000, bytes),
      );
      await bench.fetch(reference("app:1"));
      const ranges = registry.server.seen.filter(({ url }) => url.endsWith(digest)).map(({ range }) => range);
      assert.match(ranges[1] ?? "", /^bytes=[1-9]/);
    }
  });

  it("continues a layer that an earlier run has left, and begins anew if that was damaged", async () => {
    const { layers } = registry.push("app:1", [randomBytes(400_000)]);
    const { digest } = layers[0]!;
    const bytes = registry.blobs.get(digest)!;
    const cut = breaksOffAt(350_000, bytes);
    registry.answerInstead(digest, cut, ...Array.from({ length: 5 }, () => answers(503)));
    await assert.rejects(bench.fetch(reference("app:1")), /cannot be reached/);
    const [left] = await bench.leftovers();
    assert.ok(left);
    // Damaged on the disk: only the digest of the whole can tell.
    await writeFile(join(bench.folder, "data", "cas", "tmp", left), Buffer.alloc(50_000));
    registry.answerInstead(digest);
    registry.server.seen.length = 0;
    await bench.fetch(reference("app:1"));
    const ranges = registry.server.seen.filter(({ url }) => url.endsWith(digest)).map(({ range }) => range);
    assert.deepEqual(ranges, ["bytes=50000-", undefined]);
  });

  it("may be asked for by several at once", async () => {
    registry.push("app:1", [randomBytes(400_000), "two"]);
    const images = await Promise.all(Array.from({ length: 4 }, () => bench.fetch(reference("app:1"))));
    assert.equal(new Set(images.map(({ record }) => record.id)).size, 1);
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("names the registry, the step, the cause and the remedy when it gives up", async () => {
    registry.push("app:1");
    registry.answerInstead("/manifests/1", ...Array.from({ length: 9 }, () => answers(502)));
    await assert.rejects(bench.fetch(reference("app:1")), (error: Error) => {
      const { message } = error;
      assert.match(message, /asking for docker:\/\/127.*app:1: the registry 127\S+ cannot be reached/);
      assert.match(message, /cause: .*answered 502/);
      assert.match(message, /remedy: /);
      return true;
    });
    assert.equal(registry.server.seen.length, 3);
  });
});

describe("whose word brings in an image from a registry", () => {
  let bench: Bench;
  let registry: FakeRegistry;

  beforeEach(async () => {
    bench = await Bench.set();
    bench.insecure = { ...nothingInsecure, http: true };
    registry = await FakeRegistry.start();
  });

  afterEach(async () => {
    await registry.server.stop();
    bench.clear();
  });

  const reference = (name: string) => `docker://${registry.server.host}/${name}`;

  it("is a trusted signer's: asked with repository, reference and digest, before any layer is fetched", async () => {
    const { digest } = registry.push("lib/app:1");
    await assert.rejects(bench.fetch(reference("lib/app:1")), /nobody signed/);
    assert.deepEqual(bench.askedFor, [
      `${registry.server.host}/lib/app ${registry.server.host}/lib/app:1 ${digest}`,
    ]);
    assert.ok(!registry.server.paths.some((path) => path.includes("/blobs/")));
    assert.deepEqual(await bench.store.list(), []);
    bench.signedDigests.add(digest);
    const { record } = await bench.fetch(reference("lib/app:1"));
    assert.deepEqual(record.verification, { by: "sigstore", key: "sha256:f00d" });
  });

  it("may be for the index or for the image that was chosen from it", async () => {
    const image = registry.push("app");
    const { mediaType, digest, size } = image;
    const platform = { os: "linux", architecture: architectureHere() };
    const index = registry.put(
      "app:1",
      { schemaVersion: 2, mediaType: types.index, manifests: [{ mediaType, digest, size, platform }] },
      types.index,
    );
    for (const signed of [index.digest, digest]) {
      bench.signedDigests.clear();
      bench.signedDigests.add(signed);
      await bench.fetch(reference("app:1"));
    }
    bench.signedDigests.clear();
    await assert.rejects(bench.fetch(reference("app:1")), /nobody signed/);
  });

  it("lies beside the image as cosign puts it, verified by its digests, and at a lookaside place", async () => {
    const { digest } = registry.push("lib/app:1");
    bench.signedDigests.add(digest);
    const payload = registry.blob(Buffer.from("{}"), "application/vnd.dev.cosign.simplesigning.v1+json");
    const layer = { ...payload, annotations: { "dev.cosignproject.cosign/signature": "c2ln" } };
    const config = registry.blob(Buffer.from("{}"), types.config);
    const tag = digest.replace(":", "-");
    registry.put(
      `lib/app:${tag}.sig`,
      { schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] },
      types.manifest,
    );
    const hex = digest.slice("sha256:".length);
    const lookaside = await WebServer.start((request, response) => {
      const there = new RegExp(`^/base/lib/app@sha256=${hex}/signature-[12]$`).test(request.url ?? "");
      (there ? serves(Buffer.from("sig")) : answers(404))(request, response);
    });
    try {
      bench.lookaside = `${lookaside.origin}/base/`;
      await bench.fetch(reference("lib/app:1"));
      assert.deepEqual(bench.beside, { cosign: 1, bundles: 0, simple: 2 });
    } finally {
      await lookaside.stop();
    }
    registry.blobs.set(payload.digest, Buffer.from("[]"));
    await assert.rejects(bench.fetch(reference("lib/app:1")), /another blob than was asked for/);
  });

  for (const place of ["the registry tells what is attached", "the list is kept under a tag"]) {
    it(`is attached to the image as cosign 3 does it, where ${place}`, async () => {
      const { digest } = registry.push("lib/app:1");
      bench.signedDigests.add(digest);
      const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
      const attach = (artifactType: string, listedAs = artifactType): object => {
        const layer = registry.blob(Buffer.from(`{"of":"${artifactType}"}`), artifactType);
        const config = registry.blob(Buffer.from("{}"), "application/vnd.oci.empty.v1+json");
        const document = {
          schemaVersion: 2,
          mediaType: types.manifest,
          artifactType,
          config,
          layers: [layer],
        };
        return { ...registry.put("lib/app", document, types.manifest), artifactType: listedAs };
      };
      const manifests = [
        attach(bundleType),
        // As registries list it that know of no artifact types.
        attach(`${bundleType};again`, "application/vnd.oci.empty.v1+json"),
        attach("application/spdx+json"),
      ];
      const index = { schemaVersion: 2, mediaType: types.index, manifests };
      if (place === "the registry tells what is attached") {
        const body = JSON.stringify(index);
        registry.answerInstead(`/referrers/${digest}`, answers(200, { "content-type": types.index }, body));
      } else {
        registry.put(`lib/app:${digest.replace(":", "-")}`, index, types.index);
      }
      await bench.fetch(reference("lib/app:1"));
      assert.deepEqual(bench.beside, { cosign: 0, bundles: 2, simple: -1 });
    });
  }
});

describe("who asks a registry", () => {
  let bench: Bench;
  let registry: FakeRegistry;
  let own: Identity;

  before(async () => {
    own = await makeIdentity();
  });

  beforeEach(async () => {
    bench = await Bench.set();
    bench.insecure = { ...nothingInsecure, image: true };
    bench.options = { ...bench.options, authorities: [own.cert] };
    registry = await FakeRegistry.start(own);
  });

  afterEach(async () => {
    await registry.server.stop();
    bench.clear();
  });

  const reference = (name: string) => `docker://${registry.server.host}/${name}`;
  const configure = (user: string, password: string) => {
    const dockerAuth = new Map([[registry.server.host, { user, password }]]);
    bench.configuration = { ...bench.configuration, dockerAuth };
  };

  it("is anybody, with a token for nobody in particular, where that is enough", async () => {
    registry.tokens = {};
    registry.push("app:1");
    await bench.fetch(reference("app:1"));
    const tokens = registry.server.seen.filter(({ url }) => url.startsWith("/token"));
    assert.equal(tokens.length, 1);
    assert.match(tokens[0]?.url ?? "", /scope=repository%3Aapp%3Apull/);
    assert.equal(tokens[0]?.authorization, undefined);
  });

  it("is who the configuration says, and gets a new token when the old one has run out", async () => {
    registry.tokens = { user: "me", password: "hunter2", lastsFor: 2 };
    registry.push("app:1", ["one", "two", "three", "four"]);
    configure("me", "hunter2");
    await bench.fetch(reference("app:1"));
    assert.ok(registry.server.seen.filter(({ url }) => url.startsWith("/token")).length >= 2);
  });

  it("is told when the credentials are wrong or missing, and no error holds them", async () => {
    registry.push("app:1");
    const refused = async (pattern: RegExp) => {
      await assert.rejects(bench.fetch(reference("app:1")), (error: Error) => {
        assert.match(error.message, pattern);
        assert.ok(!`${error.message} ${error.stack ?? ""}`.includes("wr0ng"));
        return true;
      });
    };
    registry.tokens = { user: "me", password: "hunter2" };
    await refused(/wants credentials/);
    configure("me", "wr0ng");
    await refused(/refuses the credentials/);
    registry.tokens = undefined;
    registry.basic = { user: "me", password: "hunter2" };
    await refused(/refuses the credentials/);
    configure("me", "hunter2");
    await bench.fetch(reference("app:1"));
  });

  it("gives up when even fresh tokens are refused", async () => {
    registry.tokens = { lastsFor: 0 };
    registry.push("app:1");
    await assert.rejects(
      bench.fetch(reference("app:1")),
      /refuses the manifest of app\n\s+got: +401: UNAUTHORIZED/,
    );
  });

  it("does not take its token to where the blobs are", async () => {
    registry.tokens = {};
    const { layers } = registry.push("app:1");
    const store = await WebServer.start((request, response) => {
      const bytes = registry.blobs.get((request.url ?? "").slice(1));
      (bytes === undefined ? answers(404) : serves(bytes))(request, response);
    }, own);
    try {
      registry.blobStore = store.origin;
      await bench.fetch(reference("app:1"));
      assert.equal(store.seen.length, layers.length + 1);
      assert.ok(store.seen.every(({ authorization }) => authorization === undefined));
    } finally {
      await store.stop();
    }
  });

  it("asks for no token in the clear", async () => {
    registry.push("app:1");
    const challenge = 'Bearer realm="http://127.0.0.1:1/token"';
    registry.answerInstead("/manifests/1", answers(401, { "www-authenticate": challenge }));
    await assert.rejects(bench.fetch(reference("app:1")), /not to be trusted with one/);
  });

  it("takes what a caller gave before what is configured, but not to a mirror", async () => {
    registry.basic = { user: "me", password: "hunter2" };
    registry.push("app:1");
    configure("me", "wr0ng");
    const registryCredentials = { user: "me", password: "hunter2" };
    bench.options = { ...bench.options, registryCredentials };
    await bench.fetch(reference("app:1"));
    const mirrors = [{ prefix: "*", location: registry.server.host, insecure: false }];
    bench.options = { ...bench.options, mirrors };
    bench.configuration = { ...bench.configuration, dockerAuth: new Map() };
    await assert.rejects(bench.fetch("docker://quay.io/app:1"), /wants credentials/);
  });
});

describe("a registry in the clear", () => {
  let bench: Bench;
  let registry: FakeRegistry;

  beforeEach(async () => {
    bench = await Bench.set();
    registry = await FakeRegistry.start();
    registry.push("app:1");
  });

  afterEach(async () => {
    await registry.server.stop();
    bench.clear();
  });

  it("is refused, in rkt's words, on loopback as anywhere", async () => {
    bench.insecure = { ...nothingInsecure, image: true };
    const { host } = registry.server;
    await assert.rejects(bench.fetch(`docker://${host}/app:1`), (error: Error) => {
      assert.ok(
        error.message.startsWith(
          `Get "https://${host}/v2/": http: server gave HTTP response to HTTPS client`,
        ),
        error.message,
      );
      return true;
    });
  });

  it("is spoken to where that was allowed, and to any of its mirrors", async () => {
    bench.insecure = { ...nothingInsecure, image: true, http: true };
    await bench.fetch(`docker://${registry.server.host}/app:1`);
    bench.insecure = { ...nothingInsecure, image: true };
    const mirrors = [{ prefix: "", location: `http://${registry.server.host}`, insecure: true }];
    bench.options = { ...bench.options, mirrors };
    const { record } = await bench.fetch("docker://registry.k8s.io/app:1");
    assert.equal(record.name, "registry.k8s.io/app:1");
  });

  it("is no way around a registry that speaks TLS and refuses", async () => {
    const own = await makeIdentity();
    const secured = await FakeRegistry.start(own);
    try {
      secured.basic = { user: "me", password: "x" };
      bench.options = { ...bench.options, authorities: [own.cert] };
      bench.insecure = { ...nothingInsecure, image: true, http: true };
      await assert.rejects(bench.fetch(`docker://${secured.server.host}/app:1`), /wants credentials/);
    } finally {
      await secured.server.stop();
    }
  });
});
