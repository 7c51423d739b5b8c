import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheAt, type Cache } from "../../../provider/artefact/cache.ts";
import { enginePackage } from "../../../provider/engine/package.ts";
import { UNKNOWN, type Properties, type Value } from "../../../provider/protocol/value.ts";
import { answers, breaksOffAt, LyingServer, serves } from "../artefact/lying-server.ts";
import { Lifecycle } from "../protocol/lifecycle.ts";
import { type Key, newKey, PackageFolder } from "./signed-package.ts";

describe("the engine's package from a url", () => {
  const server = new LyingServer();
  let key: Key;
  let files: PackageFolder;
  let folder: string;
  let cache: Cache;

  before(async function () {
    // A proxy of the machine's would come between.
    for (const name of ["HTTP_PROXY", "http_proxy"]) if (process.env[name]) this.skip();
    key = await newKey();
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rktnetes-fetched-"));
    cache = cacheAt(folder);
    files = new PackageFolder();
    await files.pack();
    await files.sign(key);
    await server.start();
  });

  afterEach(() => {
    server.stop();
    files.remove();
    rmSync(folder, { recursive: true });
  });

  const patience = { idleMilliseconds: 150, pauseMilliseconds: 1, fruitless: 3 };
  const lifecycle = (): Lifecycle => new Lifecycle(enginePackage({ cache: () => cache, patience }), "engine");
  const inputsOf = (): Properties => ({
    url: server.url("engine.deb"),
    sha256: files.sha256(),
    key: files.key,
    fingerprint: key.fingerprint,
  });
  const inputs = (source: Properties = {}): Properties => ({
    architecture: "amd64",
    source: { ...inputsOf(), ...source },
  });
  const bytes = (path: string): ReturnType<typeof serves> => serves(readFileSync(path));

  it("is fetched with its signature and verified, and known in every preview from then on", async () => {
    server.will(bytes(files.signature), bytes(files.deb));
    const { previewed, outputs } = await lifecycle().up(inputs());
    assert.deepEqual([previewed["sha256"], previewed["version"]], [files.sha256(), UNKNOWN]);
    assert.deepEqual([outputs["version"], outputs["sha256"]], ["0.1.0+1", files.sha256()]);
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ["/engine.deb.asc", "/engine.deb"],
    );
    const again = await lifecycle().up(inputs());
    assert.equal(again.previewed["version"], "0.1.0+1");
    assert.equal(server.requests.length, 2);
  });

  it("has its signature wherever the configuration says", async () => {
    server.will(bytes(files.signature), bytes(files.deb));
    await lifecycle().up(inputs({ signatureUrl: server.url("elsewhere/sig") }));
    assert.equal(server.requests[0]?.url, "/elsewhere/sig");
  });

  it("is fetched on where the connection broke off", async () => {
    const whole = readFileSync(files.deb);
    server.will(answers(503), bytes(files.signature), breaksOffAt(whole.length >> 1, whole), serves(whole));
    const { outputs } = await lifecycle().up(inputs());
    assert.equal(outputs["sha256"], files.sha256());
  });

  it("is refused when its bytes are not the pinned ones", async () => {
    server.will(bytes(files.signature), serves(Buffer.from("another package")));
    await assert.rejects(
      lifecycle().up(inputs()),
      /wrong checksum[\s\S]*no host is touched|no host is touched[\s\S]*wrong checksum/,
    );
  });

  it("is refused when another key signed it, and asks for the signature anew the next time", async () => {
    const mine = readFileSync(files.signature);
    await files.sign(await newKey());
    const theirs = readFileSync(files.signature);
    await files.sign(key);
    server.will(serves(theirs), bytes(files.deb));
    await assert.rejects(lifecycle().up(inputs()), /refused, and no host is touched: .*signature/);
    assert.ok(!existsSync(join(cache.downloads, `${files.sha256()}.signature`)));
    server.will(serves(mine));
    assert.equal((await lifecycle().up(inputs())).outputs["version"], "0.1.0+1");
  });

  it("is refused when there is no signature, or something else in its place", async () => {
    server.will(answers(404));
    await assert.rejects(lifecycle().up(inputs()), /it answered 404/);
    server.will(serves(Buffer.alloc(100_000)));
    await assert.rejects(lifecycle().up(inputs()), /what is at its signature's address is none/);
  });

  for (const [what, source, message] of [
    ["no sha256", { sha256: undefined }, /a url needs sha256 beside it/],
    ["a file as well", { file: "/x.deb" }, /exactly one of build, file and url/],
    ["a signature in a file", { signature: "/x.asc" }, /signature is for a file only/],
    ["another protocol", { url: "ftp://example.com/x.deb" }, /http or https URL/],
  ] as const) {
    it(`is not taken with ${what}`, async () => {
      server.will(answers(500));
      const told = Object.entries<Value | undefined>({ ...inputsOf(), ...source }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      const { operation, failures } = await lifecycle().up({
        architecture: "amd64",
        source: Object.fromEntries(told),
      });
      assert.equal(operation, "refused");
      assert.match(failures.map(({ reason }) => reason).join(), message);
      assert.equal(server.requests.length, 0);
    });
  }
});
