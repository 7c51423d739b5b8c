import assert from "node:assert/strict";
import { duplexPair, type Duplex } from "node:stream";
import fc from "fast-check";
import {
  closeCodes,
  FrameReader,
  LARGEST_MESSAGE,
  opcodes,
} from "../../../../../engine/cri/streaming/websocket/frames.ts";
import {
  WebSocketConnection,
  type Message,
} from "../../../../../engine/cri/streaming/websocket/WebSocketConnection.ts";
import { clientFrame, serverFrames, type ServerFrame } from "../webSocketClient.ts";

const text = (payload: string, fin = true): Buffer => clientFrame(opcodes.text, Buffer.from(payload), fin);

describe("a WebSocket", () => {
  let client: Duplex;
  let connection: WebSocketConnection;
  let heard: Buffer;
  let ended: Promise<void>;

  beforeEach(() => {
    const [ours, theirs] = duplexPair();
    client = theirs;
    heard = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
    ended = new Promise((resolve) => client.once("end", resolve));
    connection = new WebSocketConnection(ours, 60_000);
  });

  afterEach(() => {
    connection.close();
    client.destroy();
  });

  async function all(): Promise<Message[]> {
    const messages: Message[] = [];
    for await (const message of connection.messages()) messages.push(message);
    return messages;
  }

  async function answered(): Promise<ServerFrame[]> {
    await ended;
    return serverFrames(heard).frames;
  }

  const goodbye = clientFrame(opcodes.close, Buffer.from([0x03, 0xe8]));

  it("gives messages as they were sent, also in parts with pings between them", async () => {
    client.write(Buffer.concat([text("one"), text("t", false), clientFrame(opcodes.ping, Buffer.from("?"))]));
    client.write(clientFrame(opcodes.continuation, Buffer.from("wo"), true));
    client.write(clientFrame(opcodes.binary, Buffer.alloc(70_000, 7)));
    client.write(goodbye);
    const messages = await all();
    assert.deepEqual(
      messages.map(({ binary, data }) => [binary, data.length]),
      [
        [false, 3],
        [false, 3],
        [true, 70_000],
      ],
    );
    assert.equal(String(messages[1]?.data), "two");
    const [pong, close] = await answered();
    assert.deepEqual([pong?.opcode, String(pong?.payload)], [opcodes.pong, "?"]);
    assert.deepEqual([close?.opcode, close?.payload.readUInt16BE(0)], [opcodes.close, closeCodes.normal]);
  });

  for (const [what, bytes, code] of [
    ["a frame without a mask", Buffer.from([0x82, 0x01, 0x61]), closeCodes.protocolError],
    ["a frame of an extension", Buffer.from([0xc2, 0x80, 0, 0, 0, 0]), closeCodes.protocolError],
    ["a frame of no known kind", Buffer.from([0x83, 0x80, 0, 0, 0, 0]), closeCodes.protocolError],
    ["a ping in parts", clientFrame(opcodes.ping, Buffer.from("?"), false), closeCodes.protocolError],
    [
      "a message that goes on without a beginning",
      clientFrame(opcodes.continuation, Buffer.from("?")),
      closeCodes.protocolError,
    ],
    ["a message within another", Buffer.concat([text("a", false), text("b")]), closeCodes.protocolError],
    ["a frame that is too large", Buffer.from("82ff0000000100000000" + "00000000", "hex"), closeCodes.tooBig],
  ] as const) {
    it(`ends at ${what}, and says why`, async () => {
      client.write(bytes);
      assert.deepEqual(await all(), []);
      const [close] = await answered();
      assert.deepEqual([close?.opcode, close?.payload.readUInt16BE(0)], [opcodes.close, code]);
    });
  }

  it("ends at a message that is too large in all its parts", async () => {
    const half = Buffer.alloc(LARGEST_MESSAGE / 2 + 1);
    client.write(clientFrame(opcodes.binary, half, false));
    client.write(clientFrame(opcodes.continuation, half));
    assert.deepEqual(await all(), []);
    const [close] = await answered();
    assert.equal(close?.payload.readUInt16BE(0), closeCodes.tooBig);
  });

  it("ends when the client breaks off", async () => {
    const messages = all();
    client.end();
    assert.deepEqual(await messages, []);
  });

  it("sends nothing after it was closed", async () => {
    connection.close();
    await assert.rejects(connection.send(Buffer.from("late"), true));
  });

  it("reads frames alike in whatever pieces they come", () => {
    const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (payloads, size) => {
        const bytes = Buffer.concat(payloads.map((each) => clientFrame(opcodes.binary, each)));
        const reader = new FrameReader();
        const read: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) {
          for (const frame of reader.read(bytes.subarray(at, at + size))) read.push(frame.payload);
        }
        assert.deepEqual(read, payloads);
      }),
    );
  });
});
