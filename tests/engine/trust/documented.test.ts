import assert from "node:assert/strict";
import { blocksOf, codeIn, documentNamed, rowsOf } from "../../docs/markdown.ts";
import { parsePolicy } from "../../../engine/trust/policy/parsePolicy.ts";

const page = documentNamed("docs/trust.md");

describe("docs/trust.md", () => {
  it("shows policies that are accepted as they stand", () => {
    const policies = blocksOf(page, "json");
    assert.ok(policies.length >= 3);
    for (const policy of policies)
      assert.deepEqual(parsePolicy(policy, "/etc/rkt/trust.d/team.json").mistakes, []);
  });

  it("names every field of a policy, and none that is not there", () => {
    const start = page.text.indexOf("### What a policy can say");
    const fields = rowsOf({ ...page, text: page.text.slice(start) }).map(([cell]) => codeIn(cell));
    const full = {
      rktKind: "imagePolicy",
      rktVersion: "v1",
      prefixes: ["*"],
      accept: [{ sigstoreKey: "k", signedAs: "a.b" }, { simpleSigning: { keyring: "k", lookaside: "/l" } }],
    };
    assert.deepEqual(parsePolicy(JSON.stringify(full), "f").mistakes, []);
    const accepted = full.accept.flatMap((entry) => Object.keys(entry)).map((key) => `accept[].${key}`);
    const header = ["rktKind", "rktVersion"];
    const named = [
      ...Object.keys(full).filter((key) => !header.includes(key)),
      ...accepted,
      "insecureAcceptAnything",
    ];
    assert.deepEqual(fields.toSorted(), named.toSorted());
  });
});
