import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseImageManifest } from "../../../engine/appc/parseImageManifest.ts";
import { parsePodManifest } from "../../../engine/appc/parsePodManifest.ts";
import { assertMetadataService, registerPod } from "../../../engine/metadata/registerPod.ts";
import { serveMetadata, type MetadataService } from "../../../engine/metadata/serveMetadata.ts";
import { ownerText, thisProcess } from "../../../engine/pods/owner.ts";
import { Fault } from "../../../errors/fault.ts";

const uuid = "0b3c8cf5-2b54-4f4f-8c9d-0123456789ab";
const other = "0b3c8cf5-2b54-4f4f-8c9d-ba9876543210";
const imageId = `sha512-${"a".repeat(64)}`;
const manifest = parsePodManifest(
  JSON.stringify({
    acVersion: "0.8.11",
    acKind: "PodManifest",
    apps: [
      {
        name: "web",
        image: { name: "example.com/web", id: imageId },
        app: { exec: ["/bin/true"], user: "0", group: "0" },
        annotations: [{ name: "colour", value: "blue" }],
      },
    ],
    annotations: [{ name: "example.com/owner", value: "team" }],
  }),
);
const image = parseImageManifest(
  JSON.stringify({
    acVersion: "0.8.11",
    acKind: "ImageManifest",
    name: "example.com/web",
    annotations: [
      { name: "colour", value: "red" },
      { name: "authors", value: "others" },
    ],
  }),
);

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe("the metadata service", () => {
  let folder: string;
  let socketPath: string;
  let service: MetadataService;
  let url: string;

  const start = async (): Promise<void> => {
    service = await serveMetadata(
      {
        folder: join(folder, "metadata"),
        pods: { host: "127.0.0.1", port: 0 },
        stage0: { path: socketPath },
        warn: (text) => {
          warnings.push(text);
        },
      },
      { bodyBytes: 1000, requestMilliseconds: 300, connections: 100, connectionsOfOne: 5 },
    );
  };
  const warnings: string[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rktnetes-metadata-"));
    socketPath = join(folder, "svc.sock");
    warnings.length = 0;
    await start();
    url = await register();
  });

  afterEach(() => {
    service.close();
    rmSync(folder, { recursive: true });
    assert.deepEqual(warnings, []);
  });

  function register(pod = uuid): Promise<string> {
    const images = new Map([["web", image]]);
    return registerPod({ uuid: pod, manifest, images, network: { kind: "host" } }, socketPath);
  }

  async function ask(
    path: string,
    options: { method?: string; form?: string; base?: string } = {},
  ): Promise<Answered> {
    const { method = "GET", form, base = url } = options;
    const sent = request(`${base}${path}`, {
      method,
      agent: false,
      ...(form !== undefined && { headers: { "content-type": "application/x-www-form-urlencoded" } }),
    });
    sent.end(form);
    return answerTo(sent);
  }

  async function toStage0(method: string, path: string, body = ""): Promise<number> {
    const sent = request({ socketPath, method, path, agent: false });
    sent.end(body);
    return (await answerTo(sent)).status;
  }

  it("gives a pod an address with a token that nobody guesses", async () => {
    assert.match(url, new RegExp(`^http://127\\.0\\.0\\.1:${service.port}/[0-9a-f]{32}$`));
    assert.notEqual(await register(other), url);
  });

  const json = (value: unknown): readonly [string, string] => ["application/json", JSON.stringify(value)];
  const plain = (text: string): readonly [string, string] => ["text/plain; charset=us-ascii", text];
  const answers: Readonly<Record<string, readonly [string, string]>> = {
    "pod/uuid": plain(uuid),
    "pod/annotations": json([{ name: "example.com/owner", value: "team" }]),
    "pod/annotations/": json([{ name: "example.com/owner", value: "team" }]),
    "pod/annotations/example.com/owner": plain("team"),
    "pod/annotations/example.com%2Fowner": plain("team"),
    "apps/web/annotations": json([
      { name: "colour", value: "blue" },
      { name: "authors", value: "others" },
    ]),
    "apps/web/annotations/colour": plain("blue"),
    "apps/web/image/id": plain(imageId),
  };
  for (const [path, [type, body]] of Object.entries(answers)) {
    it(`answers ${path}`, async () => {
      const answered = await ask(`/acMetadata/v1/${path}`);
      assert.deepEqual([answered.status, answered.headers["content-type"], answered.body], [200, type, body]);
      assert.equal(answered.headers["metadata-flavor"], "AppContainer");
    });
  }

  it("gives manifests as they can be read again", async () => {
    const pod = await ask("/acMetadata/v1/pod/manifest");
    assert.deepEqual(parsePodManifest(pod.body), manifest);
    const app = await ask("/acMetadata/v1/apps/web/image/manifest");
    assert.deepEqual(parseImageManifest(app.body), image);
  });

  for (const [path, status] of [
    ["pod/nothing", 404],
    ["pod/annotations/missing", 404],
    ["pod/manifest/more", 404],
    ["apps/other/image/id", 404],
    ["apps/web/annotations/missing", 404],
    ["apps/web", 404],
    ["apps/__proto__/image/id", 404],
    ["pod/hmac/sign", 405],
    ["%zz", 400],
    ["", 404],
  ] as const) {
    it(`answers ${JSON.stringify(path)} with ${status}`, async () => {
      assert.equal((await ask(`/acMetadata/v1/${path}`)).status, status);
    });
  }

  it("changes nothing for a pod", async () => {
    for (const method of ["PUT", "POST", "DELETE"]) {
      assert.equal((await ask("/acMetadata/v1/pod/uuid", { method })).status, 405);
    }
  });

  it("answers nobody without a token", async () => {
    const base = new URL(url).origin;
    for (const path of [
      "/acMetadata/v1/pod/uuid",
      "//acMetadata/v1/pod/uuid",
      "/nobody/acMetadata/v1/pod/uuid",
    ]) {
      const { status, body } = await ask(path, { base });
      assert.ok(status === 401 || status === 404, String(status));
      assert.doesNotMatch(body, /0b3c/);
    }
  });

  describe("signs for a pod", () => {
    const sign = "/acMetadata/v1/pod/hmac/sign";
    const verify = "/acMetadata/v1/pod/hmac/verify";
    const signatureOf = async (content: string): Promise<string> =>
      (await ask(sign, { method: "POST", form: `content=${content}` })).body;
    const verdict = async (fields: Record<string, string>, content: string): Promise<number> =>
      (
        await ask(verify, {
          method: "POST",
          form: `${new URLSearchParams(fields).toString()}&content=${content}`,
        })
      ).status;

    it("what others can verify, and nothing else", async () => {
      const signature = await signatureOf("hello");
      assert.equal(Buffer.from(signature, "base64").length, 64);
      assert.equal(await verdict({ uuid, signature }, "hello"), 200);
      assert.equal(await verdict({ uuid, signature }, "hullo"), 403);
      assert.equal(await verdict({ uuid: other, signature }, "hello"), 403);
      assert.equal(await verdict({ uuid, signature: signature.slice(4) }, "hello"), 403);
    });

    it("bytes, and not the text that they are not", async () => {
      const signature = await signatureOf("%ff");
      assert.equal(await verdict({ uuid, signature }, "%ff"), 200);
      assert.equal(await verdict({ uuid, signature }, "%fe"), 403);
    });

    it("and refuses what is no question", async () => {
      assert.equal((await ask(sign, { method: "POST", form: "" })).status, 400);
      assert.equal((await ask(sign, { method: "POST", form: "content=%f" })).status, 400);
      assert.equal(await verdict({ uuid: "x", signature: "aa==" }, "hello"), 400);
      assert.equal(await verdict({ uuid, signature: "!" }, "hello"), 400);
      assert.equal(await verdict({ uuid, signature: "" }, ""), 400);
    });
  });

  it("knows its pods and its signatures again after a restart", async () => {
    const { pathname } = new URL(url);
    const form = "content=hello";
    const before = (await ask("/acMetadata/v1/pod/hmac/sign", { method: "POST", form })).body;
    service.close();
    await start();
    const base = `http://127.0.0.1:${service.port}${pathname}`;
    assert.equal((await ask("/acMetadata/v1/pod/uuid", { base })).body, uuid);
    assert.equal((await ask("/acMetadata/v1/pod/hmac/sign", { base, method: "POST", form })).body, before);
    assert.equal((await ask("/acMetadata/v1/apps/web/image/id", { base })).body, imageId);
  });

  it("keeps nothing by which somebody could pass for a pod, and what it keeps from everyone but root", () => {
    const token = new URL(url).pathname.slice(1);
    const kept = join(folder, "metadata");
    for (const name of readdirSync(kept, { recursive: true, encoding: "utf8" })) {
      const path = join(kept, name);
      const { mode } = statSync(path);
      assert.equal(mode & 0o077, 0, path);
      if (statSync(path).isFile()) assert.ok(!readFileSync(path, "latin1").includes(token), path);
    }
    assert.equal(statSync(socketPath).mode & 0o777, 0o660);
  });

  it("forgets a pod whose process has ended, without being told", async () => {
    const dead = ownerText({ ...thisProcess(), started: "1" });
    const query = new URLSearchParams({ token: "of-the-dead", owner: dead });
    assert.equal(await toStage0("PUT", `/pods/${other}?${query.toString()}`, serialized), 200);
    const base = `${new URL(url).origin}/of-the-dead`;
    assert.equal((await ask("/acMetadata/v1/pod/uuid", { base })).status, 401);
    // The next registration sweeps.
    await register("0b3c8cf5-2b54-4f4f-8c9d-000000000000");
    assert.ok(!readdirSync(join(folder, "metadata/pods")).includes(`${other}.json`));
  });

  it("takes what another stage0 says, until that takes it back", async () => {
    assert.equal(await toStage0("PUT", `/pods/${other}?token=theirs`, serialized), 200);
    assert.equal(await toStage0("PUT", `/pods/${other}/web`, JSON.stringify({ acKind: "nothing" })), 400);
    assert.equal(await toStage0("PUT", `/pods/${other}/db`, imageText), 404);
    assert.equal(await toStage0("PUT", `/pods/${other}/web`, imageText), 200);
    const base = `${new URL(url).origin}/theirs`;
    assert.equal((await ask("/acMetadata/v1/apps/web/annotations/authors", { base })).body, "others");
    assert.equal(await toStage0("DELETE", `/pods/${other}`), 200);
    assert.equal((await ask("/acMetadata/v1/pod/uuid", { base })).status, 401);
    assert.equal(await toStage0("DELETE", `/pods/${other}`), 404);
  });

  for (const [what, path, body] of [
    ["a uuid that is none", "/pods/..%2f..%2fetc?token=x", "{}"],
    ["no token", `/pods/${other}`, "{}"],
    ["a manifest that is none", `/pods/${other}?token=x`, "{"],
  ] as const) {
    it(`refuses to register a pod with ${what}`, async () => {
      assert.equal(await toStage0("PUT", path, body), 400);
    });
  }

  it("refuses a body that is too large, and answers the next one", async () => {
    const sign = "/acMetadata/v1/pod/hmac/sign";
    const { status } = await ask(sign, { method: "POST", form: `content=${"x".repeat(100_000)}` });
    assert.equal(status, 413);
    assert.equal((await ask("/acMetadata/v1/pod/uuid")).body, uuid);
  });

  it("hangs up on a client that never finishes its request", async () => {
    for (const beginning of ["", "GET / HTTP/1.1\r\n", "POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nx"]) {
      const socket = connect(service.port, "127.0.0.1");
      socket.resume();
      await once(socket, "connect");
      socket.write(beginning);
      await once(socket, "close");
    }
    assert.equal((await ask("/acMetadata/v1/pod/uuid")).body, uuid);
  });

  it("answers what is no HTTP with an error, and the others still", async () => {
    const socket = connect(service.port, "127.0.0.1");
    socket.end("\x16\x03\x01 nonsense\r\n\r\n");
    let said = "";
    socket.setEncoding("latin1").on("data", (text: string) => (said += text));
    await once(socket, "close");
    assert.match(said, /^HTTP\/1\.1 400 /);
    assert.equal((await ask("/acMetadata/v1/pod/uuid")).body, uuid);
  });

  it("gives one address no more than its share of connections", async () => {
    const sockets = Array.from({ length: 5 }, () => connect(service.port, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const sixth = connect(service.port, "127.0.0.1");
    sixth.on("error", () => undefined).resume();
    await once(sixth, "close");
    for (const socket of sockets) socket.destroy();
  });

  it("takes the place of a socket that a killed service has left, and not of one that is in use", async () => {
    await assert.rejects(start(), (error) => {
      assert.ok(error instanceof Fault);
      assert.match(error.message, /is running already/);
      return true;
    });
    service.close();
    writeFileSync(socketPath, "");
    await start();
    await assertMetadataService(socketPath);
  });

  it("is asked for before a pod is made", async () => {
    await assert.rejects(assertMetadataService(join(folder, "nobody")), (error) => {
      assert.ok(error instanceof Fault);
      assert.match(
        error.message,
        /could not reach the metadata service[\s\S]*systemctl start rkt-metadata\.socket/,
      );
      return true;
    });
  });
});

const serialized = JSON.stringify(manifest);
const imageText = JSON.stringify(image);

async function answerTo(sent: ReturnType<typeof request>): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  // A server that refuses a body may hang up while that is still being sent.
  let status: number | undefined;
  sent.on("error", (error) => {
    if (status === undefined) reject(error);
  });
  sent.on("response", (response) => {
    status = response.statusCode ?? 0;
    const { headers } = response;
    let body = "";
    response.setEncoding("utf8").on("data", (text: string) => (body += text));
    response.once("close", () => {
      resolve({ status: status ?? 0, headers, body });
    });
  });
  return promise;
}
