import assert from "node:assert/strict";
import { z } from "zod";
import { failuresOf, propertyPath } from "../../../provider/protocol/inputs.ts";
import { Secret, UNKNOWN } from "../../../provider/protocol/value.ts";

const schema = z.strictObject({
  hosts: z.record(z.string(), z.strictObject({ ports: z.array(z.int("must be a whole number")) })),
  token: z.string().min(8, "must have at least 8 characters").optional(),
});

describe("failures of inputs", () => {
  const failures = (inputs: Parameters<typeof failuresOf>[1]) => failuresOf(schema, inputs, ["hosts"]);

  it("are none for what fits", () => {
    assert.deepEqual(failures({ hosts: { a: { ports: [1] } }, token: new Secret("long enough") }), []);
  });

  it("name path and value, in the order of their paths", () => {
    assert.deepEqual(
      failures({ token: "short", hosts: { "b.c": { ports: [1, 1.5] }, a: { port: 1, ports: [] } } }),
      [
        { property: 'hosts["a"].port', reason: "there is no such input; check its spelling" },
        { property: 'hosts["b.c"].ports[1]', reason: "must be a whole number; got 1.5" },
        { property: "token", reason: 'must have at least 8 characters; got "short"' },
      ],
    );
  });

  it("never show what came as a secret, even deep inside one", () => {
    const reasons = failures({
      hosts: new Secret({ a: { ports: [1234.5] } }),
      token: new Secret("hunter2"),
    }).map(({ reason }) => reason);
    assert.deepEqual(reasons, ["must be a whole number", "must have at least 8 characters"]);
  });

  it("say plainly what is missing", () => {
    assert.deepEqual(failures({}), [{ property: "hosts", reason: "is required" }]);
  });

  it("are not found in what isn't known yet", () => {
    assert.deepEqual(failures({ hosts: UNKNOWN, token: new Secret(UNKNOWN) }), []);
    assert.deepEqual(failures({ hosts: { a: { ports: [UNKNOWN, 1] }, b: UNKNOWN } }), []);
  });
});

describe("a property's path", () => {
  it("quotes names that users chose and keys that are no identifiers", () => {
    assert.equal(
      propertyPath(["leaves", "apiserver", "usages", 0], ["leaves"]),
      'leaves["apiserver"].usages[0]',
    );
    assert.equal(propertyPath(["leaves", "leaves", "leaves"], ["leaves"]), 'leaves["leaves"].leaves');
    assert.equal(propertyPath(["files", '/etc/"x"']), 'files["/etc/\\"x\\""]');
  });
});
