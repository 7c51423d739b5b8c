import assert from "node:assert/strict";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import type { Report } from "../../../../engine/context.ts";
import type {
  CommandEnd,
  CommandStreams,
  TerminalSize,
} from "../../../../engine/cri/streaming/command/commandStreams.ts";
import { StreamingServer } from "../../../../engine/cri/streaming/StreamingServer.ts";
import { SpdyTestClient } from "./spdy/client.ts";
import { StreamingClients, streamsOf, upgrade } from "./streamingClients.ts";
import { tunnelOver, upgradeHeaders } from "./webSocketClient.ts";

const report: Report = {
  line: () => undefined,
  warn: (text) => assert.fail(text),
  debug: () => undefined,
  progress: () => undefined,
};

const exec = { containerId: "c", cmd: ["sh"], tty: false, stdin: true, stdout: true, stderr: true };

/** Does as a shell would: says what it hears, and the sizes of its terminal as errors; "fail" ends it with 3. */
async function echo({ stdin, stdout, stderr, sizes }: CommandStreams): Promise<CommandEnd> {
  const told = (async () => {
    for await (const { width, height } of sizes) stderr?.write(`${width}x${height} `);
  })();
  let heard = "";
  if (stdin !== undefined) {
    for await (const chunk of stdin) {
      heard += String(chunk);
      stdout?.write(chunk);
    }
  }
  if (stdin === undefined) stdout?.write("nothing heard");
  void told;
  if (heard.includes("break")) throw new Error("the container is gone");
  return { exitCode: heard.includes("fail") ? 3 : 0 };
}

describe("the streaming server", () => {
  let server: StreamingServer;
  let ports: { readonly sandbox: string; readonly port: number }[] = [];
  const clients = new StreamingClients();

  beforeEach(async () => {
    ports = [];
    server = new StreamingServer(
      {
        exec: (_request, streams) => echo(streams),
        attach: (_request, streams) => echo(streams),
        async portForward(sandbox, port, stream) {
          ports.push({ sandbox, port });
          if (port === 9) throw new Error("nobody listens at port 9");
          await pipeline(stream, stream);
        },
      },
      report,
    );
    await server.start("127.0.0.1", 0);
  });

  afterEach(() => {
    clients.close();
    server.close();
  });

  it("runs a command by SPDY, and ends with its status", async () => {
    const { client, protocol } = await clients.spdy(
      server.urlForExec(exec),
      "v4.channel.k8s.io, v3.channel.k8s.io",
    );
    assert.equal(protocol, "v4.channel.k8s.io");
    const [error = 0, input = 0, output = 0] = await streamsOf(client, "error", "stdin", "stdout", "stderr");
    client.sendData(input, "hello", true);
    await client.untilEnded();
    assert.equal(String(client.received(output)), "hello");
    assert.deepEqual(JSON.parse(String(client.received(error))), { metadata: {}, status: "Success" });
  });

  it("tells a command's exit code", async () => {
    const { client } = await clients.spdy(server.urlForExec(exec), "v4.channel.k8s.io");
    const [error = 0, input = 0] = await streamsOf(client, "error", "stdin", "stdout", "stderr");
    client.sendData(input, "fail", true);
    await client.untilEnded();
    const status: unknown = JSON.parse(String(client.received(error)));
    assert.ok(typeof status === "object" && status !== null && "details" in status);
    assert.deepEqual(status.details, { causes: [{ reason: "ExitCode", message: "3" }] });
  });

  it("tells why a command could not be run, to old clients in a sentence", async () => {
    const { client } = await clients.spdy(server.urlForExec(exec), "v2.channel.k8s.io");
    const [error = 0, input = 0] = await streamsOf(client, "error", "stdin", "stdout", "stderr");
    client.sendData(input, "break", true);
    await client.untilEnded();
    assert.equal(String(client.received(error)), "Internal error occurred: the container is gone");
  });

  it("attaches without a stream that was not asked for", async () => {
    const asked = { containerId: "c", tty: false, stdin: false, stdout: true, stderr: false };
    const { client } = await clients.spdy(server.urlForAttach(asked), "v4.channel.k8s.io");
    const refused = await client.open({ streamtype: "stdin" });
    assert.notEqual(client.resetOf(refused), undefined);
    const [, output = 0] = await streamsOf(client, "error", "stdout");
    await client.untilEnded();
    assert.equal(String(client.received(output)), "nothing heard");
  });

  it("takes a token once", async () => {
    const url = server.urlForExec(exec);
    await clients.spdy(url, "v4.channel.k8s.io");
    const { status } = await upgrade(url, {
      upgrade: "SPDY/3.1",
      "x-stream-protocol-version": "v4.channel.k8s.io",
    });
    assert.equal(status, 404);
  });

  it("takes a token for nothing else than it was given for", async () => {
    const url = server.urlForExec(exec).replace("/exec/", "/attach/");
    const { status } = await upgrade(url, {
      upgrade: "SPDY/3.1",
      "x-stream-protocol-version": "v4.channel.k8s.io",
    });
    assert.equal(status, 404);
  });

  it("refuses protocols that it does not speak, and names those that it does", async () => {
    const url = server.urlForExec(exec);
    const { status, headers } = await upgrade(url, {
      upgrade: "SPDY/3.1",
      "x-stream-protocol-version": "v9.channel.k8s.io",
    });
    assert.equal(status, 403);
    assert.match(String(headers["x-accepted-stream-protocol-versions"]), /v4\.channel\.k8s\.io/);
  });

  it("refuses a request that is no upgrade", async () => {
    assert.equal((await fetch(server.urlForExec(exec))).status, 400);
  });

  it("refuses what no client could want", () => {
    assert.throws(() => server.urlForExec({ ...exec, tty: true }), /exclude each other/);
    assert.throws(
      () => server.urlForExec({ ...exec, stdin: false, stdout: false, stderr: false }),
      /no stream/,
    );
    assert.throws(() => server.urlForExec({ ...exec, containerId: "" }), /no container/);
    assert.throws(() => server.urlForPortForward({ podSandboxId: "", port: [] }), /no pod sandbox/);
  });

  it("runs a command by a WebSocket whose client ends its input", async () => {
    const { socket, received, closed } = await clients.websocket(
      server.urlForExec(exec),
      "v5.channel.k8s.io",
    );
    assert.equal(socket.protocol, "v5.channel.k8s.io");
    socket.send(Buffer.from("\u0000hello"));
    socket.send(Uint8Array.of(255, 0));
    assert.equal(await closed, 1000);
    assert.equal(received.get(1), "hello");
    assert.deepEqual(JSON.parse(received.get(3) ?? ""), { metadata: {}, status: "Success" });
  });

  it("tells a client at once that it is connected", async () => {
    const { received, socket } = await clients.websocket(server.urlForExec(exec), "v4.channel.k8s.io");
    while (!received.has(1)) await once(socket, "message");
    assert.equal(received.get(1), "");
  });

  it("speaks base64 with clients that want text", async () => {
    const wanted = { ...exec, stdin: false };
    const { received, closed } = await clients.websocket(
      server.urlForExec(wanted),
      "v4.base64.channel.k8s.io",
    );
    await closed;
    assert.equal(received.get(1), "nothing heard");
  });

  it("passes on a terminal's sizes", async () => {
    const sizes: TerminalSize[] = [];
    const seen = Promise.withResolvers<undefined>();
    const other = new StreamingServer(
      {
        async exec(_request, streams) {
          for await (const size of streams.sizes) {
            sizes.push(size);
            if (sizes.length === 2) seen.resolve(undefined);
          }
          return { exitCode: 0 };
        },
        attach: () => Promise.resolve({ exitCode: 0 }),
        portForward: () => Promise.resolve(),
      },
      report,
    );
    await other.start("127.0.0.1", 0);
    clients.keep(other);
    const wanted = { ...exec, tty: true, stderr: false };
    const { socket } = await clients.websocket(other.urlForExec(wanted), "v5.channel.k8s.io");
    socket.send(Buffer.from('\u0004{"Width":80,"Height":24}{"Wid'));
    socket.send(Buffer.from('\u0004th":90,"Height":30}'));
    await seen.promise;
    assert.deepEqual(sizes, [
      { width: 80, height: 24 },
      { width: 90, height: 30 },
    ]);
  });

  it("ends a terminal's sizes with the connection, however that ends", async () => {
    const seen = Promise.withResolvers<readonly TerminalSize[]>();
    const other = new StreamingServer(
      {
        async exec(_request, { sizes }) {
          const all: TerminalSize[] = [];
          for await (const size of sizes) all.push(size);
          seen.resolve(all);
          return { exitCode: 0 };
        },
        attach: () => Promise.resolve({ exitCode: 0 }),
        portForward: () => Promise.resolve(),
      },
      report,
    );
    await other.start("127.0.0.1", 0);
    clients.keep(other);
    const wanted = { ...exec, tty: true, stderr: false };
    const { client } = await clients.spdy(other.urlForExec(wanted), "v4.channel.k8s.io");
    const [, , , resize = 0] = await streamsOf(client, "error", "stdin", "stdout", "resize");
    client.sendData(resize, '{"Width":80,"Height":24}');
    client.close();
    assert.deepEqual(await seen.promise, [{ width: 80, height: 24 }]);
  });

  it("tells a command that its client has gone", async () => {
    const gone = Promise.withResolvers<undefined>();
    const other = new StreamingServer(
      {
        async exec(_request, { signal }) {
          await once(signal, "abort");
          gone.resolve(undefined);
          return { exitCode: 0 };
        },
        attach: () => Promise.resolve({ exitCode: 0 }),
        portForward: () => Promise.resolve(),
      },
      report,
    );
    await other.start("127.0.0.1", 0);
    clients.keep(other);
    const { socket } = await clients.websocket(other.urlForExec(exec), "v5.channel.k8s.io");
    socket.close();
    await gone.promise;
  });

  it("forwards ports, any number of connections at once", async () => {
    const { client, protocol } = await clients.spdy(
      server.urlForPortForward({ podSandboxId: "pod", port: [] }),
      "portforward.k8s.io",
    );
    assert.equal(protocol, "portforward.k8s.io");
    const data: number[] = [];
    for (const requestid of ["0", "1"]) {
      await client.open({ streamtype: "error", port: "80", requestid });
      data.push(await client.open({ streamtype: "data", port: "80", requestid }));
    }
    for (const stream of data) client.sendData(stream, `over ${stream}`, true);
    await client.until(() => data.every((stream) => client.isFinished(stream)));
    for (const stream of data) assert.equal(String(client.received(stream)), `over ${stream}`);
    assert.deepEqual(ports, [
      { sandbox: "pod", port: 80 },
      { sandbox: "pod", port: 80 },
    ]);
  });

  it("tells why a port could not be forwarded, and goes on with the others", async () => {
    const { client } = await clients.spdy(
      server.urlForPortForward({ podSandboxId: "pod", port: [] }),
      "portforward.k8s.io",
    );
    const error = await client.open({ streamtype: "error", port: "9", requestid: "0" });
    const data = await client.open({ streamtype: "data", port: "9", requestid: "0" });
    await client.until(() => client.resetOf(data) !== undefined);
    assert.equal(String(client.received(error)), "nobody listens at port 9");
    await client.open({ streamtype: "error", port: "80", requestid: "1" });
    const other = await client.open({ streamtype: "data", port: "80", requestid: "1" });
    client.sendData(other, "x", true);
    await client.until(() => client.isFinished(other));
  });

  it("forwards ports by SPDY within a WebSocket", async () => {
    const url = server.urlForPortForward({ podSandboxId: "pod", port: [] });
    const protocol = "SPDY/3.1+portforward.k8s.io";
    const { socket, headers } = await upgrade(
      url,
      { ...upgradeHeaders, "sec-websocket-protocol": protocol },
      "GET",
    );
    assert.equal(headers["sec-websocket-protocol"], protocol);
    assert.ok(socket);
    const client = new SpdyTestClient(tunnelOver(socket));
    clients.keep(client);
    await client.open({ streamtype: "error", port: "80", requestid: "0" });
    const data = await client.open({ streamtype: "data", port: "80", requestid: "0" });
    client.sendData(data, "tunnelled", true);
    await client.until(() => client.isFinished(data));
    assert.equal(String(client.received(data)), "tunnelled");
  });
});
