import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import fc from "fast-check";
import { dataHead, encodeFrame, type Frame } from "../../../../engine/cri/streaming/spdy/frames.ts";
import { SpdyConnection } from "../../../../engine/cri/streaming/spdy/SpdyConnection.ts";
import { WebSocketConnection } from "../../../../engine/cri/streaming/websocket/WebSocketConnection.ts";
import { clientFrame } from "./webSocketClient.ts";

const limits = { idleMilliseconds: 60_000, mostStreams: 5 };
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const stream = fc.nat({ max: 9 });

/** Frames that are whole, and say what no client would say. */
const frames: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .record({ stream, fin: fc.boolean(), unidirectional: fc.boolean(), block: noise })
    .map((each) => encodeFrame({ type: "synStream", ...each })),
  fc
    .record({
      type: fc.constantFrom("synReply" as const, "headers" as const),
      stream,
      fin: fc.boolean(),
      block: noise,
    })
    .map((each) => encodeFrame(each)),
  fc
    .record({ stream, data: noise, fin: fc.boolean() })
    .map(({ stream: number, data, fin }) => Buffer.concat([dataHead(number, data.length, fin), data])),
  fc
    .constantFrom<Exclude<Frame, { readonly type: "data" }>>(
      { type: "ping", id: 1 },
      { type: "ping", id: 2 },
      { type: "goAway", lastGoodStream: 0, status: 0 },
      { type: "rstStream", stream: 1, status: 1 },
      { type: "settings", initialWindow: 0 },
      { type: "windowUpdate", stream: 1, delta: 0x7fffffff },
      { type: "windowUpdate", stream: 0, delta: 0x7fffffff },
    )
    .map(encodeFrame),
);

describe("whatever a client sends", () => {
  it("ends a connection of SPDY at the worst", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(frames, frames, noise), { maxLength: 12 }), async (pieces) => {
        const [ours, theirs] = duplexPair();
        const connection = new SpdyConnection(
          ours,
          {
            refuses: () => undefined,
            opened: (opened) => {
              opened.resume();
              opened.end("heard");
            },
          },
          limits,
        );
        theirs.resume();
        theirs.on("error", () => undefined);
        for (const piece of pieces) if (theirs.writable) theirs.write(piece);
        theirs.end();
        await connection.closed;
        theirs.destroy();
      }),
      { numRuns: 200 },
    );
  });

  it("ends a WebSocket at the worst", async () => {
    const frame = fc
      .record({ opcode: fc.constantFrom(0, 1, 2, 3, 8, 9, 10), payload: noise, fin: fc.boolean() })
      .map(({ opcode, payload, fin }) => clientFrame(opcode, payload, fin));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(frame, frame, noise), { maxLength: 12 }), async (pieces) => {
        const [ours, theirs] = duplexPair();
        const connection = new WebSocketConnection(ours, 60_000);
        theirs.resume();
        theirs.on("error", () => undefined);
        for (const piece of pieces) if (theirs.writable) theirs.write(piece);
        theirs.end();
        for await (const { data } of connection.messages()) assert.ok(data instanceof Buffer);
        theirs.destroy();
      }),
      { numRuns: 200 },
    );
  });
});
