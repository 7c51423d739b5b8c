import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";
import { answers, breaksOffAt, LyingServer, serves, stallsAt } from "./lying-server.ts";
import { Scratch, sha256, sha512 } from "./scratch.ts";

const BYTES = Buffer.alloc(300_000, "rktnetes ");
const SUM = sha256(BYTES);

describe("an artefact from a url", () => {
  const scratch = new Scratch();
  const server = new LyingServer();
  beforeEach(async () => {
    await scratch.begin();
    await server.start();
  });
  afterEach(async () => {
    server.stop();
    await scratch.end();
  });
  before(function () {
    // A proxy of the machine's would come between.
    for (const name of ["HTTP_PROXY", "http_proxy"]) if (process.env[name]) this.skip();
  });

  const program = (source: Properties = {}): Properties => ({
    name: "containerd",
    source: { url: server.url("containerd"), sha256: SUM, ...source },
  });
  const path = (): string => join(scratch.cache.downloads, SUM);
  const assertObtained = async (): Promise<void> => {
    assert.deepEqual(await readFile(path()), BYTES);
    assert.deepEqual(await scratch.downloads(), [SUM]);
  };

  it("is fetched once, and known by path and checksum in the preview already", async () => {
    server.will(serves(BYTES));
    const artefact = scratch.artefact();
    const run = await artefact.up(program());
    assert.deepEqual(run.previewed, { path: path(), sha256: SUM, size: UNKNOWN });
    assert.deepEqual(run.outputs, { path: path(), sha256: SUM, size: BYTES.length });
    await assertObtained();
    assert.equal((await artefact.up(program())).operation, "same");
    const other = await scratch.artefact().up(program());
    assert.deepEqual(other.previewed, run.outputs);
    assert.equal(server.requests.length, 1);
  });

  it("of a sha512 has its sha256 told once it is here", async () => {
    server.will(serves(BYTES));
    const { url } = { url: server.url("containerd") };
    const run = await scratch.artefact().up({ name: "x", source: { url, sha512: sha512(BYTES) } });
    assert.equal(run.previewed["sha256"], UNKNOWN);
    assert.equal(run.outputs["sha256"], SUM);
  });

  it("with the wrong checksum is refused with both sums, and nothing of it is kept", async () => {
    server.will(serves(Buffer.from("something else")));
    await assert.rejects(scratch.artefact().up(program()), (error: Error) => {
      assert.match(error.message, new RegExp(`got: +sha256 ${sha256("something else")}`));
      assert.match(error.message, new RegExp(`allowed: +sha256 ${SUM}`));
      return true;
    });
    assert.deepEqual(await scratch.downloads(), []);
    assert.equal(server.requests.length, 1);
  });

  it("that breaks off is resumed where it was", async () => {
    server.will(breaksOffAt(100_000, BYTES), serves(BYTES));
    const artefact = scratch.artefact();
    await artefact.up(program());
    await assertObtained();
    // How much of it was read before the break is the kernel's business.
    const [first, second] = server.requests;
    assert.equal(first?.range, undefined);
    assert.match(second?.range ?? "", /^bytes=[1-9]\d*-$/);
    assert.equal(server.requests.length, 2);
    assert.match(artefact.said.join("\n"), /containerd: .*; once more in .* from \d+\.\d MB on/);
  });

  it("from a server that cannot resume is begun anew", async () => {
    const whole = (_: unknown, response: Parameters<ReturnType<typeof serves>>[1]): void => {
      response.writeHead(200, { "content-length": BYTES.length }).end(BYTES);
    };
    server.will(breaksOffAt(100_000, BYTES), whole);
    await scratch.artefact().up(program());
    await assertObtained();
  });

  it("that stalls is not waited for beyond its time, and resumed", async () => {
    server.will(stallsAt(100_000, BYTES), serves(BYTES));
    const artefact = scratch.artefact();
    await artefact.up(program());
    await assertObtained();
    assert.match(artefact.said.join("\n"), /nothing came from http:\S+\/containerd for 0\.15 s/);
  });

  it("from a server that never answers is given up, in words", async () => {
    server.will(() => undefined);
    await assert.rejects(
      scratch.artefact().up(program()),
      /"containerd" cannot be fetched from here[^]*nothing came from[^]*remedy/,
    );
    assert.equal(server.requests.length, 3);
  });

  it("keeps what came before it was given up, and the next run goes on from there", async () => {
    server.will(stallsAt(100_000, BYTES), answers(503));
    await assert.rejects(scratch.artefact().up(program()), /answered 503/);
    assert.deepEqual(await scratch.downloads(), [`${SUM}.${process.pid}.part`]);
    server.will(serves(BYTES));
    await scratch.artefact().up(program());
    assert.equal(server.requests.length, 1);
    assert.match(server.requests[0]?.range ?? "", /^bytes=[1-9]\d*-$/);
    await assertObtained();
  });

  it("takes over what a killed process has left, but not what another is writing", async () => {
    const killed = spawn("true");
    await once(killed, "exit");
    await mkdir(scratch.cache.downloads, { recursive: true });
    await writeFile(
      join(scratch.cache.downloads, `${SUM}.${killed.pid ?? 0}.part`),
      BYTES.subarray(0, 50_000),
    );
    const busy = join(scratch.cache.downloads, `${SUM}.${process.ppid}.part`);
    await writeFile(busy, BYTES.subarray(0, 70_000));
    server.will(serves(BYTES));
    await scratch.artefact().up(program());
    assert.deepEqual(server.requests, [{ url: "/containerd", range: "bytes=50000-" }]);
    await rm(busy);
    await assertObtained();
  });

  for (const [what, left] of [
    ["of something else", Buffer.alloc(50_000, "x")],
    ["longer than the whole", Buffer.alloc(400_000, "x")],
  ] as const) {
    it(`is fetched from the beginning when what was left is ${what}`, async () => {
      await mkdir(scratch.cache.downloads, { recursive: true });
      await writeFile(join(scratch.cache.downloads, `${SUM}.${process.pid}.part`), left);
      server.will(serves(BYTES));
      await scratch.artefact().up(program());
      await assertObtained();
    });
  }

  it("that is not there is refused at once", async () => {
    server.will(answers(404));
    await assert.rejects(scratch.artefact().up(program()), /it answered 404 Not Found[^]*remedy/);
    assert.equal(server.requests.length, 1);
  });

  it("is followed through redirects, but not in circles nor to elsewhere than the web", async () => {
    server.will(answers(302, { location: "/mirror/containerd" }), serves(BYTES));
    await scratch.artefact().up(program());
    await assertObtained();
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ["/containerd", "/mirror/containerd"],
    );
    const other = program({ sha256: sha256("other") });
    server.will(answers(301, { location: "/containerd" }));
    await assert.rejects(scratch.artefact().up(other), /redirects more than 10 times/);
    server.will(answers(301, { location: "file:///etc/shadow" }));
    await assert.rejects(scratch.artefact().up(other), /redirects to file:/);
  });

  it("shows no user, password or query of its url", async () => {
    server.will(answers(403));
    const url = `http://user:hunter2@127.0.0.1:${server.port}/containerd?token=hunter3`;
    await assert.rejects(scratch.artefact().up(program({ url })), (error: Error) => {
      assert.match(error.message, /127\.0\.0\.1/);
      assert.doesNotMatch(error.message, /hunter|user:/);
      return true;
    });
  });

  it("stops when the user interrupts, and keeps what came", async () => {
    const abort = new AbortController();
    server.will((request, response) => {
      stallsAt(100_000, BYTES)(request, response);
      setTimeout(() => {
        abort.abort(new Error("the run was interrupted"));
      }, 50);
    });
    const artefact = scratch.artefact();
    const creation = artefact.kind.create(program(), { ...artefact.context(), signal: abort.signal });
    await assert.rejects(creation, /the run was interrupted/);
    assert.deepEqual(await scratch.downloads(), [`${SUM}.${process.pid}.part`]);
  });

  it("is fetched once for two resources that want the same bytes at the same time", async () => {
    server.will(serves(BYTES));
    await Promise.all([scratch.artefact().up(program()), scratch.artefact().up(program())]);
    assert.equal(server.requests.length, 1);
    await assertObtained();
  });

  it("goes through the proxy that the environment names", async () => {
    server.will(serves(BYTES));
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? "");
      const target = new URL(request.url ?? "");
      httpRequest({ port: server.port, path: target.pathname }, (reply) => {
        response.writeHead(reply.statusCode ?? 0, reply.headers);
        reply.pipe(response);
      }).end();
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = proxy.address();
    assert.ok(address !== null && typeof address === "object");
    process.env["http_proxy"] = `http://127.0.0.1:${address.port}`;
    try {
      await scratch.artefact().up(program({ url: "http://artefacts.example/containerd" }));
    } finally {
      delete process.env["http_proxy"];
      proxy.close();
    }
    assert.deepEqual(asked, ["http://artefacts.example/containerd"]);
    await assertObtained();
  });

  it("that was removed from the cache is found gone by a refresh, and fetched again", async () => {
    server.will(serves(BYTES));
    const artefact = scratch.artefact();
    await artefact.up(program());
    await rm(path());
    const run = await artefact.up(program());
    assert.equal(run.operation, "update");
    assert.deepEqual(run.difference.lines, ["containerd: is fetched"]);
    await rm(path());
    assert.equal(await artefact.refresh(), false);
    assert.equal((await artefact.up(program())).operation, "create");
    await assertObtained();
  });

  it("stays in the cache when the resource is deleted", async () => {
    server.will(serves(BYTES));
    const artefact = scratch.artefact();
    await artefact.up(program());
    await artefact.destroy();
    await assertObtained();
  });
});
