import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Readable } from "node:stream";
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { compressionOf, decompress, defaultSwellLimits } from "../../../engine/images/compression.ts";
import type { SwellLimits } from "../../../engine/images/compression.ts";

const text = Buffer.from("what is packed ".repeat(100_000));

function through(program: string, bytes: Buffer): Buffer {
  const { status, stdout } = spawnSync(program, ["-c"], { input: bytes, maxBuffer: 2 ** 28 });
  assert.equal(status, 0);
  return stdout;
}

const packed: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ["none", (bytes) => bytes],
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
  ["bzip2", (bytes) => through("bzip2", bytes)],
  ["xz", (bytes) => through("xz", bytes)],
];

async function unpacked(bytes: Buffer, limits?: SwellLimits, pieceSize = 1000): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const source = Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
    })(),
  );
  await decompress(source, (piece) => void pieces.push(Buffer.from(piece)), limits);
  return Buffer.concat(pieces);
}

describe("compression", () => {
  for (const [name, pack] of packed) {
    it(`is told and undone: ${name}`, async () => {
      const bytes = pack(text);
      assert.equal(compressionOf(bytes), name);
      assert.deepEqual(await unpacked(bytes), text);
      const short = pack(Buffer.from("short"));
      assert.equal((await unpacked(short, defaultSwellLimits, 1)).toString(), "short");
    }).timeout(60_000);

    if (name === "none") continue;

    it(`fails in words when the data is cut off or changed: ${name}`, async () => {
      const bytes = pack(text);
      const damage = new RegExp(`^Fault: damaged ${name} data`);
      await assert.rejects(unpacked(bytes.subarray(0, bytes.length - 9)), damage);
      const changed = Buffer.from(bytes);
      changed.fill(0x55, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 8);
      await assert.rejects(unpacked(changed), damage);
    });

    it(`stops what swells without end: ${name}`, async () => {
      const bomb = pack(Buffer.alloc(30_000_000));
      const limits = { free: 1_000_000, ratio: 50, bytes: 1e9 };
      await assert.rejects(unpacked(bomb, limits), /swells to more than 50 times/);
      await assert.rejects(
        unpacked(bomb, { ...limits, ratio: 1e9, bytes: 2_000_000 }),
        /more than 2000000 bytes/,
      );
    });
  }

  it("passes on what is shorter than any mark, and nothing", async () => {
    assert.deepEqual(await unpacked(Buffer.from("ab")), Buffer.from("ab"));
    assert.deepEqual(await unpacked(Buffer.alloc(0)), Buffer.alloc(0));
  });

  it("tells why the reader refused, not that the pipe broke", async () => {
    for (const [, pack] of packed) {
      const source = Readable.from([pack(text)]);
      const refuse = (): void => {
        throw new Error("not wanted");
      };
      await assert.rejects(decompress(source, refuse), /not wanted/);
    }
  });

  it("does not take raw deflate for anything", () => {
    assert.equal(compressionOf(deflateRawSync(text)), "none");
  });
});
