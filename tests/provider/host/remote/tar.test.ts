import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { TAR_END, tarHeader, tarPadding } from "../../../../provider/host/remote/tar.ts";

describe("a tar stream", () => {
  it("is read back by tar byte for byte", () => {
    const file = fc.record({
      name: fc.stringMatching(/^[0-9a-f]{64}$/),
      bytes: fc.uint8Array({ maxLength: 3000 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(file, { selector: ({ name }) => name, minLength: 1, maxLength: 5 }),
        (files) => {
          const stream = Buffer.concat([
            ...files.flatMap(({ name, bytes }) => [
              tarHeader(name, bytes.length),
              bytes,
              tarPadding(bytes.length),
            ]),
            TAR_END,
          ]);
          const listed = spawnSync("tar", ["-t"], { input: stream, encoding: "utf8" });
          assert.deepEqual(
            listed.stdout.trim().split("\n"),
            files.map(({ name }) => name),
          );
          const contents = spawnSync("tar", ["-x", "--to-stdout"], { input: stream });
          assert.ok(contents.stdout.equals(Buffer.concat(files.map(({ bytes }) => bytes))));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("says sizes beyond 8 GiB in binary, as GNU tar does", () => {
    const header = tarHeader("a", 9 * 1024 ** 3);
    assert.equal(header.readUInt8(124), 0x80);
    assert.equal(header.readBigUInt64BE(128), 9n * 1024n ** 3n);
  });
});
