import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { parseStackConfig } from "../../config/load.ts";
import { ARTEFACTS, stackSchema, SUPPORTED_MINORS } from "../../config/schema.ts";
import { blocksOf, codeIn, documentNamed, documents, PROJECT, rowsOf } from "./markdown.ts";
import { schemaKeys } from "./schema-keys.ts";

const reference = documentNamed("docs/configuration.md");
const rows = new Map(
  rowsOf(reference).map(([key, type = "", fallback = ""]) => [codeIn(key) ?? "", { type, fallback }]),
);
const keys = schemaKeys();

describe("docs/configuration.md", () => {
  it("has a row for every key, and for no other", () => {
    assert.deepEqual([...rows.keys()].sort(), [...keys.keys()].sort());
  });

  it("tells each key's default", () => {
    for (const [key, { fallback, required }] of keys) {
      const told = rows.get(key)?.fallback ?? "";
      if (fallback !== undefined) assert.equal(told, `\`${JSON.stringify(fallback)}\``, key);
      else if (required) assert.equal(told, "required", key);
      else assert.ok(codeIn(told) === undefined && told !== "required" && told !== "", `${key}: ${told}`);
    }
  });

  it("tells all values of a key that has few", () => {
    for (const [key, { values }] of keys) {
      for (const value of values) assert.ok(rows.get(key)?.type.includes(`\`${String(value)}\``), key);
    }
  });

  it("names every artefact and every supported version", () => {
    for (const name of ARTEFACTS) assert.ok(reference.text.includes(`\`${name}\``), name);
    for (const minor of SUPPORTED_MINORS) assert.ok(reference.text.includes(minor), minor);
  });
});

describe("example stacks", () => {
  const stacks = documents().flatMap((document) =>
    blocksOf(document, "yaml")
      .filter((block) => block.startsWith("config:"))
      .map((block, index) => ({ name: `${document.name}, ${index + 1}`, block })),
  );

  it("are found", () => {
    assert.ok(stacks.length >= 8);
  });

  for (const { name, block } of stacks) {
    it(`are without mistakes: ${name}`, () => {
      parseStackConfig(stackOf(block));
    });
  }

  for (const stack of ["dev", "pair"]) {
    it(`are without mistakes: Pulumi.${stack}.yaml`, () => {
      parseStackConfig(stackOf(readFileSync(join(PROJECT, `Pulumi.${stack}.yaml`), "utf8")));
    });
  }
});

describe("Pulumi.yaml", () => {
  const { config } = z
    .object({
      config: z.record(z.string(), z.strictObject({ description: z.string(), default: z.unknown() })),
    })
    .parse(parse(readFileSync(join(PROJECT, "Pulumi.yaml"), "utf8")));

  it("describes every key of the namespace, and gives each a default, so that none is asked for", () => {
    assert.deepEqual(Object.keys(config).sort(), Object.keys(stackSchema.shape).sort());
    for (const [key, { default: fallback }] of Object.entries(config))
      assert.notEqual(fallback, undefined, key);
  });

  it("has defaults that leave a configuration as it was without them", () => {
    const hosts = [{ name: "one", machine: "nspawn", address: "10.77.0.11", roles: ["control-plane"] }];
    const defaults = Object.fromEntries(Object.entries(config).map(([key, entry]) => [key, entry.default]));
    assert.deepEqual(parseStackConfig({ ...defaults, hosts }), parseStackConfig({ hosts }));
  });
});

function stackOf(text: string): Record<string, unknown> {
  const { config } = z.object({ config: z.record(z.string(), z.unknown()) }).parse(parse(text));
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      assert.match(key, /^rktnetes:/);
      return [key.slice("rktnetes:".length), value];
    }),
  );
}
