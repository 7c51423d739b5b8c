import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DomainCredentials } from "../../../../engine/configuration/configuration.ts";
import { nothingInsecure } from "../../../../engine/insecureOptions.ts";
import { aciOf } from "../../store/images.ts";
import { Bench, identity, signatureOf } from "../bench.ts";
import {
  answers,
  breaksOffAt,
  makeIdentity,
  serves,
  stallsAt,
  WebServer,
  type Answer,
  type Identity,
} from "../serving.ts";

const name = "example.com/app";
const aci = aciOf([{ name: "data", content: randomBytes(300_000) }], { name });
const newer = aciOf([{ name: "data", content: randomBytes(300_000) }], { name, version: "2" });
const etag = '"one"';

describe("fetching an ACI from a web server", () => {
  let bench: Bench;
  let server: WebServer;
  let own: Identity;
  let files: Record<string, Answer>;

  before(async () => {
    own = await makeIdentity();
  });

  beforeEach(async () => {
    bench = await Bench.set();
    bench.options = { ...bench.options, authorities: [own.cert] };
    files = {
      "/x.aci": serves(aci, { etag }),
      "/x.aci.asc": serves(signatureOf(name, aci)),
    };
    server = await WebServer.start((request, response) => {
      (files[request.url ?? ""] ?? answers(404))(request, response);
    }, own);
  });

  afterEach(async () => {
    await server.stop();
    bench.clear();
  });

  const url = () => `${server.origin}/x.aci`;

  it("brings it in with the signature beside it", async () => {
    const { record } = await bench.fetch(url());
    assert.deepEqual(record.verification, { by: "openpgp", fingerprint: "f00d", identity });
    assert.deepEqual(server.paths, ["GET /x.aci.asc", "GET /x.aci"]);
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("takes a signature from a file instead", async () => {
    const signature = join(bench.folder, "s.asc");
    await writeFile(signature, signatureOf(name, aci));
    await bench.fetch(url(), { signature });
    assert.deepEqual(server.paths, ["GET /x.aci"]);
  });

  it("shows nothing of an image whose signature does not hold, and keeps none of it", async () => {
    files["/x.aci"] = serves(newer);
    await assert.rejects(bench.fetch(url()), /signature made by unknown entity/);
    assert.deepEqual(await bench.store.list(), []);
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("waits for a signature that the server defers, once", async () => {
    server.willFirst(answers(202));
    await bench.fetch(url());
    assert.deepEqual(server.paths, ["GET /x.aci.asc", "GET /x.aci", "GET /x.aci.asc"]);
    files["/x.aci"] = serves(newer);
    files["/x.aci.asc"] = answers(202);
    await assert.rejects(bench.fetch(`${server.origin}/x.aci`), /defer the download again/);
  });

  it("does not ask again for an image that is here, unless it shall be updated", async () => {
    await bench.fetch(url());
    server.seen.length = 0;
    await bench.fetch(url(), { pullPolicy: "new" });
    await bench.fetch(url(), { pullPolicy: "never" });
    assert.deepEqual(server.seen, []);
  });

  it("asks nobody when it may not, in rkt's words", async () => {
    await assert.rejects(bench.fetch(url(), { pullPolicy: "never" }), {
      message:
        `unable to fetch image from URL "${url()}": either image was not found in the store or store was ` +
        "disabled and fetching from remote yielded nothing or it was disabled",
    });
    assert.deepEqual(server.seen, []);
  });

  it("asks only for what changed, and remembers for how long it need not ask", async () => {
    const first = await bench.fetch(url());
    files["/x.aci"] = serves(aci, { etag, "cache-control": "public, max-age=600" });
    server.seen.length = 0;
    const second = await bench.fetch(url());
    assert.equal(second.record.id, first.record.id);
    assert.equal(server.seen.at(-1)?.headers["if-none-match"], etag);
    server.seen.length = 0;
    await bench.fetch(url());
    assert.deepEqual(server.seen, []);
  });

  it("brings in the new version when there is one", async () => {
    const first = await bench.fetch(url());
    files["/x.aci"] = serves(newer, { etag: '"two"' });
    files["/x.aci.asc"] = serves(signatureOf(name, newer));
    assert.notEqual((await bench.fetch(url())).record.id, first.record.id);
  });

  it("verifies what came in unverified, although the server says that it has not changed", async () => {
    bench.insecure = { ...nothingInsecure, image: true };
    await bench.fetch(url());
    bench.insecure = nothingInsecure;
    assert.equal((await bench.fetch(url())).record.verification.by, "openpgp");
  });

  it("continues where the connection broke off", async () => {
    server.willFirst(files["/x.aci.asc"]!, breaksOffAt(250_000, aci, { etag }), breaksOffAt(0, aci));
    await bench.fetch(url());
    const ranges = server.seen
      .slice(2)
      .map(({ range, headers }) => ({ range, version: headers["if-range"] }));
    assert.equal(ranges[0]?.version, etag);
    assert.match(ranges[0].range ?? "", /^bytes=[1-9]\d*-$/);
  });

  it("continues where a server fell silent", async () => {
    server.willFirst(files["/x.aci.asc"]!, stallsAt(250_000, aci, { etag }));
    await bench.fetch(url());
    assert.match(server.seen.at(-1)?.range ?? "", /^bytes=[1-9]/);
  });

  it("begins anew when the rest would be of another version, or of none that is known", async () => {
    server.willFirst(files["/x.aci.asc"]!, breaksOffAt(250_000, newer, { etag: '"zero"' }));
    await bench.fetch(url());
    server.willFirst(files["/x.aci.asc"]!, breaksOffAt(250_000, newer));
    files["/x.aci"] = serves(aci);
    await bench.fetch(url());
    assert.equal(server.seen.at(-1)?.range, undefined);
  });

  it("gives up on a server that brings nothing, and continues what came the next time", async () => {
    files["/x.aci"] = breaksOffAt(250_000, aci, { etag });
    await assert.rejects(bench.fetch(url()), /127\.0\.0\.1:\d+: the connection broke off/);
    assert.equal((await bench.leftovers()).length, 1);
    files["/x.aci"] = serves(aci, { etag });
    await bench.fetch(url());
    assert.match(server.seen.at(-1)?.range ?? "", /^bytes=[1-9]/);
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("tries again what passes, after as long as the server asks, and nothing else", async () => {
    server.willFirst(answers(503), answers(429, { "retry-after": "0" }));
    await bench.fetch(url());
    server.seen.length = 0;
    files["/x.aci.asc"] = answers(410);
    await assert.rejects(
      bench.fetch(url()),
      /error downloading the signature file: bad HTTP status code: 410/,
    );
    assert.equal(server.seen.length, 1);
  });

  it("refuses a server that nobody vouches for, unless any will do", async () => {
    bench.options = { ...bench.options, authorities: [] };
    await assert.rejects(bench.fetch(url()), /certificate is not trusted/);
    bench.insecure = { ...nothingInsecure, tls: true };
    await bench.fetch(url());
    assert.equal(bench.lines[0], "image: warning: TLS verification has been disabled");
  });

  it("refuses a signature larger than any", async () => {
    files["/x.aci.asc"] = serves(Buffer.alloc((1 << 20) + 1));
    await assert.rejects(bench.fetch(url()), /larger than anything of its kind/);
  });
});

describe("credentials for a domain", () => {
  let bench: Bench;
  let secured: WebServer;
  let other: WebServer;
  let plain: WebServer;

  beforeEach(async () => {
    const own = await makeIdentity();
    bench = await Bench.set();
    bench.options = { ...bench.options, authorities: [own.cert] };
    bench.insecure = { ...nothingInsecure, image: true };
    secured = await WebServer.start(serves(aci), own);
    other = await WebServer.start(serves(aci), own);
    plain = await WebServer.start(serves(aci));
    const secret = { type: "basic", user: "me", password: "hunter2" } as const;
    const token = { type: "oauth", token: "t0ken" } as const;
    const auth = new Map<string, DomainCredentials>();
    for (const host of [secured.host, plain.host]) auth.set(host, secret);
    auth.set(other.host, token);
    bench.configuration = { ...bench.configuration, auth };
  });

  afterEach(async () => {
    await Promise.all([secured.stop(), other.stop(), plain.stop()]);
    bench.clear();
  });

  const basic = `Basic ${Buffer.from("me:hunter2").toString("base64")}`;

  it("are sent to it, each in its way", async () => {
    await bench.fetch(`${secured.origin}/x.aci`);
    await bench.fetch(`${other.origin}/x.aci`);
    assert.equal(secured.seen[0]?.authorization, basic);
    assert.equal(other.seen[0]?.authorization, "Bearer t0ken");
  });

  it("are sent again on its own redirects, and never to another host, not even that one's own", async () => {
    secured.willFirst(
      answers(302, { location: "/y.aci" }),
      answers(307, { location: `${other.origin}/z.aci` }),
    );
    await bench.fetch(`${secured.origin}/x.aci`);
    assert.deepEqual(
      secured.seen.map(({ authorization }) => authorization),
      [basic, basic],
    );
    assert.deepEqual(
      other.seen.map(({ authorization }) => authorization),
      [undefined],
    );
  });

  it("do not come back with a redirect that returns", async () => {
    secured.willFirst(answers(302, { location: `${other.origin}/y.aci` }));
    other.willFirst(answers(302, { location: `${secured.origin}/z.aci` }));
    await bench.fetch(`${secured.origin}/x.aci`);
    assert.deepEqual(
      secured.seen.map(({ authorization }) => authorization),
      [basic, undefined],
    );
  });

  it("are never sent in the clear", async () => {
    await bench.fetch(`${plain.origin}/x.aci`);
    assert.equal(plain.seen[0]?.authorization, undefined);
  });

  it("are in no error", async () => {
    secured.willFirst(answers(403));
    await assert.rejects(bench.fetch(`${secured.origin}/x.aci?key=hunter2`), (error: Error) => {
      assert.match(error.message, /bad HTTP status code: 403/);
      assert.ok(!JSON.stringify([error.message, error.stack]).includes("hunter2"));
      return true;
    });
  });

  it("leave TLS on no redirect, unless that was allowed", async () => {
    secured.willFirst(answers(302, { location: `${plain.origin}/x.aci` }));
    await assert.rejects(bench.fetch(`${secured.origin}/x.aci`), /redirects from HTTPS to plain HTTP/);
    secured.willFirst(answers(302, { location: `${plain.origin}/x.aci` }));
    bench.insecure = { ...bench.insecure, http: true };
    await bench.fetch(`${secured.origin}/x.aci`);
  });
});
