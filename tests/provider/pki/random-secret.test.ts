import assert from "node:assert/strict";
import { reveal, Secret, UNKNOWN } from "../../../provider/protocol/value.ts";
import { resourceOf, text } from "./kinds.ts";

describe("a random secret", () => {
  it("has as many bytes as asked for, and other ones each time", async () => {
    const drawn = new Set<string>();
    for (let count = 0; count < 3; count++) {
      const { outputs } = await resourceOf("rktnetes:pki:RandomSecret").up({ bytes: 32 });
      const base64 = text(outputs, "base64");
      assert.equal(Buffer.from(base64, "base64").length, 32);
      drawn.add(base64);
    }
    assert.equal(drawn.size, 3);
  });

  it("stays while nothing changes; another generation keeps the former one", async () => {
    const secret = resourceOf("rktnetes:pki:RandomSecret");
    const first = await secret.up({});
    assert.deepEqual(first.previewed["base64"], new Secret(UNKNOWN));
    assert.equal((await secret.up({})).operation, "same");
    const second = await secret.up({ generation: 2 });
    assert.deepEqual(second.previewed["base64"], new Secret(UNKNOWN));
    assert.notEqual(text(second.outputs, "base64"), text(first.outputs, "base64"));
    assert.deepEqual(reveal(second.outputs["previous"] ?? null), [text(first.outputs, "base64")]);
  });

  it("of too few bytes is refused", async () => {
    const { failures } = await resourceOf("rktnetes:pki:RandomSecret").up({ bytes: 8 });
    assert.deepEqual(failures, [
      { property: "bytes", reason: "must be at least 16: fewer can be guessed; got 8" },
    ]);
  });
});
