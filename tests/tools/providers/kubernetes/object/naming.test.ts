import assert from "node:assert/strict";
import { Secret, UNKNOWN, type Properties } from "../../../../../provider/protocol/value.ts";
import { inventedName, named } from "../../../../../tools/providers/kubernetes/object/naming.ts";

const suffix = (): string => "0a1b2c3d";
const autonamed = (name: string): Properties => ({
  metadata: { name, annotations: { "pulumi.com/autonamed": "true" } },
});

describe("names of objects", () => {
  it("are made from the resource's name, and marked as made", () => {
    assert.deepEqual(named({ metadata: { labels: { a: "b" } } }, {}, "web", suffix), {
      metadata: { labels: { a: "b" }, name: "web-0a1b2c3d", annotations: { "pulumi.com/autonamed": "true" } },
    });
    assert.deepEqual(named({}, {}, "web", suffix), autonamed("web-0a1b2c3d"));
  });

  it("stay when they were made before", () => {
    assert.deepEqual(named({}, autonamed("web-old"), "web", suffix), autonamed("web-old"));
  });

  it("are made anew when the one before was the program's", () => {
    assert.deepEqual(named({}, { metadata: { name: "fixed" } }, "web", suffix), autonamed("web-0a1b2c3d"));
  });

  for (const [what, name] of [
    ["given", "mine"],
    ["not known yet", UNKNOWN],
    ["secret", new Secret("mine")],
  ] as const) {
    it(`are the program's when ${what}`, () => {
      assert.deepEqual(named({ metadata: { name } }, {}, "web", suffix), { metadata: { name } });
    });
  }

  it("are left alone with metadata or annotations that are not known yet", () => {
    assert.deepEqual(named({ metadata: UNKNOWN }, {}, "web", suffix), { metadata: UNKNOWN });
    assert.deepEqual(named({ metadata: { annotations: UNKNOWN } }, {}, "web", suffix), {
      metadata: { annotations: UNKNOWN, name: "web-0a1b2c3d" },
    });
  });

  it("are no longer than Kubernetes allows", () => {
    const name = inventedName("x".repeat(80), suffix);
    assert.equal(name.length, 63);
    assert.ok(name.endsWith("-0a1b2c3d"));
  });
});
