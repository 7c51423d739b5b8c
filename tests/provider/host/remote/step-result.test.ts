import assert from "node:assert/strict";
import fc from "fast-check";
import { EndFinder } from "../../../../provider/host/remote/step-result.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

/** Cuts bytes at random places. */
const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 60 });

function pieces(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (const size of sizes) {
    parts.push(whole.subarray(from, from + size));
    from += size;
  }
  return [...parts, whole.subarray(from)];
}

describe("the end of a step", () => {
  it("is found however the stream is cut into pieces, and the output is whole", () => {
    const step = fc.record({
      output: fc.uint8Array({ maxLength: 60 }),
      code: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), cuts, (steps, sizes) => {
        const stream = Buffer.concat(
          steps.map(({ output, code }) => Buffer.concat([output, Buffer.from(`\0${TOKEN} ${code}\n`)])),
        );
        const finder = new EndFinder(TOKEN);
        const ends = pieces(stream, sizes).flatMap((piece) => finder.push(piece));
        assert.deepEqual(
          ends.map(({ output, code }) => ({ output: [...output], code })),
          steps.map(({ output, code }) => ({ output: [...output], code })),
        );
        assert.equal(finder.rest.length, 0);
      }),
    );
  });

  it("is not found in output that only resembles it", () => {
    const finder = new EndFinder(TOKEN);
    assert.deepEqual(finder.push(Buffer.from(`\0${TOKEN.replace("0", "1")} 0\n${TOKEN} 0\n`)), []);
  });
});
