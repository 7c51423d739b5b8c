import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { quote, sh } from "../../../../provider/host/remote/quote.ts";

const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && text.isWellFormed());

describe("quoting for a shell", () => {
  it("gives the shell exactly the words it was given", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 50 }), (words) => {
        const ran = spawnSync("/bin/bash", ["--norc", "-c", sh`printf '%s\\0' ${words}`], {
          encoding: "utf8",
        });
        assert.deepEqual(ran.stdout.split("\0").slice(0, -1), words);
      }),
      { numRuns: 40 },
    );
  });

  it("leaves plain words plain, so that scripts stay readable", () => {
    assert.equal(sh`rm -f -- ${["/etc/a b", "/etc/c"]} ${7}`, "rm -f -- '/etc/a b' /etc/c 7");
  });

  it("refuses a NUL character", () => {
    assert.throws(() => quote("a\0b"), /NUL/);
  });
});
