import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { duplexPair } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { goAwayStatus, resetStatus } from "../../../../../engine/cri/streaming/spdy/frames.ts";
import type { Headers } from "../../../../../engine/cri/streaming/spdy/headers.ts";
import { SpdyConnection, type SpdyLimits } from "../../../../../engine/cri/streaming/spdy/SpdyConnection.ts";
import type { SpdyStream } from "../../../../../engine/cri/streaming/spdy/SpdyStream.ts";
import { SpdyTestClient } from "./client.ts";

interface Served {
  readonly client: SpdyTestClient;
  readonly connection: SpdyConnection;
  readonly streams: SpdyStream[];
}

describe("a connection of SPDY", () => {
  const served: Served[] = [];

  function serve(
    options: Partial<SpdyLimits> & { refuses?: (headers: Headers) => string | undefined } = {},
  ): Served {
    const [ours, theirs] = duplexPair();
    const streams: SpdyStream[] = [];
    const { refuses = () => undefined, ...limits } = options;
    const connection = new SpdyConnection(
      ours,
      { refuses, opened: (stream) => streams.push(stream) },
      { idleMilliseconds: 60_000, mostStreams: 10, ...limits },
    );
    const made = { client: new SpdyTestClient(theirs), connection, streams };
    served.push(made);
    return made;
  }

  async function opened(
    { client, streams }: Served,
    headers: Record<string, string> = {},
  ): Promise<SpdyStream> {
    const number = await client.open(headers);
    const stream = streams.find((each) => each.number === number);
    assert.ok(stream, "the stream was not handed over");
    return stream;
  }

  afterEach(async () => {
    for (const { client, connection } of served.splice(0)) {
      client.close();
      await connection.closed;
    }
  });

  it("opens streams, and hands over their headers", async () => {
    const one = await opened(serve(), { streamtype: "stdin", port: "80" });
    assert.deepEqual(
      one.headers,
      new Map([
        ["streamtype", "stdin"],
        ["port", "80"],
      ]),
    );
  });

  it("answers a stream before it is handed over", async () => {
    const { client } = serve();
    await client.open({});
    const [first] = client.frames;
    assert.ok(first?.type === "synReply");
    assert.deepEqual(await client.headersOf(first.block), new Map());
  });

  it("carries bytes both ways, each way until its own end", async () => {
    const made = serve();
    const stream = await opened(made);
    made.client.sendData(stream.number, "to the server", true);
    assert.equal(String(await buffer(stream)), "to the server");
    stream.end("to the client");
    await made.client.until(() => made.client.isFinished(stream.number));
    assert.equal(String(made.client.received(stream.number)), "to the client");
  });

  it("carries many bytes on many streams at once unharmed", async () => {
    const made = serve();
    const contents = Array.from({ length: 4 }, () => randomBytes(3 << 20));
    const streams = await Promise.all(contents.map(() => opened(made)));
    const echoes = streams.map((stream) => pipeline(stream, stream));
    for (const [index, content] of contents.entries()) {
      const { number } = streams[index]!;
      for (let at = 0; at < content.length; at += 50_000) {
        made.client.sendData(number, content.subarray(at, at + 50_000), at + 50_000 >= content.length);
      }
    }
    await made.client.until(() => streams.every(({ number }) => made.client.isFinished(number)));
    await Promise.all(echoes);
    for (const [index, { number }] of streams.entries()) {
      assert.ok(made.client.received(number).equals(contents[index]!), `stream ${number}`);
    }
  });

  it("makes room again for what was consumed", async () => {
    const made = serve();
    const stream = await opened(made);
    made.client.sendData(stream.number, Buffer.alloc(100_000), true);
    await buffer(stream);
    await made.client.until(() =>
      made.client.frames.some((frame) => frame.type === "windowUpdate" && frame.stream === 0),
    );
  });

  it("does not wait for room that a client never announces", async () => {
    const made = serve();
    const stream = await opened(made);
    stream.end(Buffer.alloc(1 << 20));
    await made.client.until(() => made.client.isFinished(stream.number));
    assert.equal(made.client.received(stream.number).length, 1 << 20);
  });

  it("waits for room once a client has shown that it keeps windows", async () => {
    const made = serve();
    const { client } = made;
    client.send({ type: "settings", initialWindow: 1000 });
    const stream = await opened(made);
    stream.end(Buffer.alloc(3000));
    await client.until(() => client.received(stream.number).length === 1000);
    client.send({ type: "windowUpdate", stream: stream.number, delta: 1500 });
    await client.until(() => client.received(stream.number).length === 2500);
    assert.equal(client.isFinished(stream.number), false);
    client.send({ type: "windowUpdate", stream: stream.number, delta: 1500 });
    await client.until(() => client.isFinished(stream.number));
    assert.equal(client.received(stream.number).length, 3000);
  });

  it("reads no more while nobody takes what came", async () => {
    const made = serve();
    const stream = await opened(made);
    const sent = 8 << 20;
    for (let at = 0; at < sent; at += 1 << 16) made.client.sendData(stream.number, Buffer.alloc(1 << 16));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(stream.readableLength < 1 << 20, String(stream.readableLength));
    made.client.sendData(stream.number, "", true);
    assert.equal((await buffer(stream)).length, sent);
  });

  it("answers pings of the client", async () => {
    const { client } = serve();
    client.send({ type: "ping", id: 7 });
    await client.until(() => client.frames.some((frame) => frame.type === "ping" && frame.id === 7));
  });

  it("tells a stream's user that the client has reset it", async () => {
    const made = serve();
    const stream = await opened(made);
    made.client.send({ type: "rstStream", stream: stream.number, status: resetStatus.cancel });
    await new Promise((resolve) => stream.once("close", resolve));
    assert.equal(made.client.resetOf(stream.number), undefined);
  });

  it("resets a stream that is given up here", async () => {
    const made = serve();
    const stream = await opened(made);
    stream.destroy();
    await made.client.until(() => made.client.resetOf(stream.number) === resetStatus.cancel);
  });

  it("refuses streams that are not welcome, and goes on with the others", async () => {
    const made = serve({ refuses: (headers) => (headers.has("port") ? undefined : "no port") });
    const refused = await made.client.open({});
    assert.equal(made.client.resetOf(refused), resetStatus.refusedStream);
    assert.ok(await opened(made, { port: "80" }));
  });

  it("refuses more streams than it is allowed", async () => {
    const made = serve({ mostStreams: 2 });
    await opened(made);
    await opened(made);
    const third = await made.client.open({});
    assert.equal(made.client.resetOf(third), resetStatus.refusedStream);
  });

  for (const number of [0, 2]) {
    it(`refuses stream ${number}, which no client may open`, async () => {
      const { client } = serve();
      await client.openAs(number, new Map());
      await client.until(() => client.resetOf(number) === resetStatus.protocolError);
    });
  }

  it("refuses data for a stream that has never been", async () => {
    const { client } = serve();
    client.sendData(9, "lost");
    await client.until(() => client.resetOf(9) === resetStatus.invalidStream);
  });

  it("refuses data after a stream's end", async () => {
    const made = serve();
    const stream = await opened(made);
    made.client.sendData(stream.number, "", true);
    made.client.sendData(stream.number, "late");
    await made.client.until(() => made.client.resetOf(stream.number) === resetStatus.streamAlreadyClosed);
  });

  it("ends with a reason when the client breaks the protocol", async () => {
    const { client, connection } = serve();
    client.carrier.write(Buffer.from("8001000600000004", "hex"));
    await connection.closed;
    await client.untilEnded();
    assert.deepEqual(client.frames.at(-1), {
      type: "goAway",
      lastGoodStream: 0,
      status: goAwayStatus.protocolError,
    });
  });

  it("says all that there is to say before it closes", async () => {
    const made = serve();
    const { client, connection } = made;
    const [out, error] = [await opened(made), await opened(made)];
    out.write("output");
    error.write("status");
    await connection.close();
    await client.untilEnded();
    assert.equal(String(client.received(out.number)), "output");
    assert.equal(String(client.received(error.number)), "status");
    assert.ok(client.isFinished(out.number) && client.isFinished(error.number));
    assert.equal(client.frames.at(-1)?.type, "goAway");
  });

  it("closes when the client goes away and its streams have ended", async () => {
    const made = serve();
    const stream = await opened(made);
    made.client.send({ type: "goAway", lastGoodStream: 0, status: 0 });
    made.client.sendData(stream.number, "", true);
    stream.resume();
    stream.end("last words");
    await made.client.untilEnded();
    assert.equal(String(made.client.received(stream.number)), "last words");
  });

  it("ends its streams when the connection breaks", async () => {
    const made = serve();
    const stream = await opened(made);
    made.client.carrier.destroy();
    await new Promise((resolve) => stream.once("close", resolve));
    await made.connection.closed;
  });

  it("is cut when nothing has come for too long", async () => {
    const { client, connection } = serve({ idleMilliseconds: 20 });
    await connection.closed;
    await client.untilEnded();
  });
});
