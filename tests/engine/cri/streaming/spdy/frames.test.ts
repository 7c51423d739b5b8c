import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { headerDictionary } from "../../../../../engine/cri/streaming/spdy/dictionary.ts";
import {
  dataHead,
  encodeFrame,
  FrameReader,
  SpdyError,
  type Frame,
} from "../../../../../engine/cri/streaming/spdy/frames.ts";
import {
  decodeHeaders,
  encodeHeaders,
  HeaderCompressor,
  HeaderDecompressor,
} from "../../../../../engine/cri/streaming/spdy/headers.ts";

const stream = fc.nat({ max: 0x7fffffff });
const block = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
const number = fc.nat({ max: 0xffffffff });
const plain = { noNullPrototype: true } as const;
const controls: fc.Arbitrary<Exclude<Frame, { readonly type: "data" }>> = fc.oneof(
  fc.record(
    {
      type: fc.constant("synStream" as const),
      stream,
      fin: fc.boolean(),
      unidirectional: fc.boolean(),
      block,
    },
    plain,
  ),
  fc.record(
    { type: fc.constantFrom("synReply" as const, "headers" as const), stream, fin: fc.boolean(), block },
    plain,
  ),
  fc.record({ type: fc.constant("rstStream" as const), stream, status: number }, plain),
  fc.record(
    { type: fc.constant("settings" as const), initialWindow: fc.option(stream, { nil: undefined }) },
    plain,
  ),
  fc.record({ type: fc.constant("ping" as const), id: number }, plain),
  fc.record({ type: fc.constant("goAway" as const), lastGoodStream: stream, status: number }, plain),
  fc.record({ type: fc.constant("windowUpdate" as const), stream, delta: stream }, plain),
);

/** The frames of these bytes, when they come in pieces of that size. */
function read(bytes: Buffer, size: number): Frame[] {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; at += size) frames.push(...reader.read(bytes.subarray(at, at + size)));
  return frames;
}

describe("a frame of SPDY", () => {
  it("is read as it was written, in whatever pieces it comes", () => {
    fc.assert(
      fc.property(fc.array(controls, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (frames, size) => {
        assert.deepEqual(read(Buffer.concat(frames.map(encodeFrame)), size), frames);
      }),
    );
  });

  it("of data is handed on in the pieces in which it came, the last of which ends the stream", () => {
    const bytes = Buffer.concat([dataHead(5, 6, true), Buffer.from("abcdef"), dataHead(7, 0, true)]);
    assert.deepEqual(
      read(bytes, 4).map((frame) =>
        frame.type === "data" ? [frame.stream, frame.fin, String(frame.data)] : [],
      ),
      [
        [5, false, "abcd"],
        [5, true, "ef"],
        [7, true, ""],
      ],
    );
  });

  for (const [what, hex] of [
    ["another version", "8002000600000004" + "00000001"],
    ["more than headers take", "8003000801000000"],
    ["a length that its kind cannot have", "8003000300000004" + "00000001"],
    ["settings that it does not hold", "8003000400000004" + "00000009"],
  ]) {
    it(`is refused with ${what ?? ""}`, () => {
      assert.throws(() => read(Buffer.from(hex ?? "", "hex"), 1000), SpdyError);
    });
  }

  it("of a kind that nobody knows is passed over", () => {
    const unknown = Buffer.from("8003000b00000002abcd", "hex");
    const ping = encodeFrame({ type: "ping", id: 3 });
    assert.deepEqual(read(Buffer.concat([unknown, ping]), 3), [{ type: "ping", id: 3 }]);
  });
});

describe("headers of SPDY", () => {
  it("begin from the protocol's own dictionary", () => {
    assert.equal(headerDictionary.length, 1423);
    assert.equal(
      createHash("sha256").update(headerDictionary).digest("hex"),
      "51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02",
    );
  });

  it("are read as they were written, block after block", async () => {
    const compressor = new HeaderCompressor();
    const decompressor = new HeaderDecompressor();
    for (const text of ["stdin", "stdout", "x".repeat(20_000), "", "stdin"]) {
      const headers = new Map([
        ["streamtype", text],
        ["port", "80"],
      ]);
      const packed = await compressor.process(encodeHeaders(headers));
      assert.deepEqual(decodeHeaders(await decompressor.process(packed)), headers);
    }
    compressor.close();
    decompressor.close();
  });

  it("are refused when they unpack to more than any stream has", async () => {
    const compressor = new HeaderCompressor();
    const decompressor = new HeaderDecompressor();
    const bomb = await compressor.process(Buffer.alloc(60_000));
    const another = await compressor.process(Buffer.alloc(60_000));
    await decompressor.process(bomb);
    await assert.rejects(
      decompressor.process(Buffer.concat([another, await compressor.process(Buffer.alloc(60_000))])),
      SpdyError,
    );
    await assert.rejects(decompressor.process(bomb), SpdyError);
    compressor.close();
  });

  it("are refused when they are no compressed text", async () => {
    const decompressor = new HeaderDecompressor();
    await assert.rejects(decompressor.process(Buffer.from("never compressed")), SpdyError);
  });

  for (const [what, headers] of [
    ["a name in capitals", new Map([["Port", "80"]])],
    ["an empty name", new Map([["", "80"]])],
    [
      "more of them than any stream has",
      new Map(Array.from({ length: 101 }, (_, index) => [`h${index}`, ""])),
    ],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.equal(decodeHeaders(encodeHeaders(headers)), undefined);
    });
  }

  it("are refused when they are cut short", () => {
    const whole = encodeHeaders(new Map([["port", "80"]]));
    for (let length = 0; length < whole.length; length += 1) {
      assert.equal(decodeHeaders(whole.subarray(0, length)), undefined, String(length));
    }
  });
});
