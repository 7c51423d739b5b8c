import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import type { Program } from "../../tools/catalogue.ts";
import { programs } from "../../tools/catalogue.ts";
import { goArchitecture, recipeOf, requiredVersion } from "../../tools/recipe.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const goMod = "module x\n\nrequire example.org/tool v1.2.3\n";

const program: Program = {
  name: "tool",
  versionOf: "example.org/tool",
  purpose: "a test",
  coldSeconds: 1,
  steps: [
    {
      binaries: [{ artefact: "tool", package: "example.org/tool/cmd/tool" }],
      tags: ["a", "b"],
      variables: { "example.org/tool.Version": (version) => version },
    },
  ],
};

function keyOf(sources: Record<string, string>, go = "1.26.8", platform = amd64, of = program): string {
  return recipeOf(of, new Map(Object.entries(sources)), go, platform).key;
}

describe("recipeOf", () => {
  const sources = { "go.mod": goMod, "go.sum": "sums" };

  it("gives the compiler the version that go.mod requires", () => {
    const recipe = recipeOf(program, new Map(Object.entries(sources)), "1.26.8", amd64);
    assert.equal(recipe.version, "v1.2.3");
    assert.deepEqual(recipe.commands, [
      {
        arguments: [
          "build",
          "-buildvcs=false",
          "-trimpath",
          "-ldflags",
          "-s -w -X example.org/tool.Version=v1.2.3",
          "-tags",
          "a,b",
        ],
        packages: ["example.org/tool/cmd/tool"],
      },
    ]);
  });

  it("builds what consists of tests by `go test -c`, into a file of its own name", () => {
    const tested: Program = {
      ...program,
      steps: [{ binaries: [{ artefact: "suite", package: "example.org/tool/suite", fromTests: true }] }],
    };
    const [command] = recipeOf(tested, new Map(Object.entries(sources)), "1.26.8", amd64).commands;
    assert.deepEqual(command?.arguments.slice(0, 2), ["test", "-c"]);
    assert.equal(command.outputFile, "suite");
  });

  it("keeps the key whatever the order in which the files were read", () => {
    assert.equal(keyOf({ a: "1", ...sources }), keyOf({ ...sources, a: "1" }));
  });

  it("changes the key with the sums, the sources, the compiler, the platform and the flags", () => {
    const other: Program = { ...program, steps: program.steps.map((step) => ({ ...step, tags: ["a"] })) };
    const keys = [
      keyOf(sources),
      keyOf({ ...sources, "go.sum": "other sums" }),
      keyOf({ ...sources, "main.go": "package main" }),
      keyOf({ ...sources, "go.mod": goMod.replace("1.2.3", "1.2.4") }),
      keyOf(sources, "1.26.9"),
      keyOf(sources, "1.26.8", { os: "linux", architecture: "arm64" }),
      keyOf(sources, "1.26.8", amd64, other),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });

  it("gives two different sets of files two different keys, wherever their names and contents meet", () => {
    const files = fc.dictionary(fc.constantFrom("a", "b", "ab"), fc.constantFrom("", "a", "b", "ab", "ba"));
    fc.assert(
      fc.property(files, files, (one, other) => {
        const same =
          JSON.stringify(Object.entries(one).toSorted()) === JSON.stringify(Object.entries(other).toSorted());
        return same === (keyOf({ ...sources, ...one }) === keyOf({ ...sources, ...other }));
      }),
    );
  });

  it("versions a program of our own by its sources", () => {
    const own: Program = { name: "own", purpose: "a test", coldSeconds: 1, steps: program.steps };
    const one = recipeOf(own, new Map([["main.go", "1"]]), "1.26.8", amd64).version;
    const two = recipeOf(own, new Map([["main.go", "2"]]), "1.26.8", amd64).version;
    assert.match(one, /^v0\.0\.0-[0-9a-f]{12}$/);
    assert.notEqual(one, two);
  });
});

describe("requiredVersion", () => {
  it("finds a requirement alone, in a block, and marked as indirect", () => {
    const text =
      "require a.b/c v1.0.0\nrequire (\n\ta.b/d v2.0.0+incompatible\n\ta.b/e v3.0.0 // indirect\n)\n";
    assert.equal(requiredVersion(text, "a.b/c"), "v1.0.0");
    assert.equal(requiredVersion(text, "a.b/d"), "v2.0.0+incompatible");
    assert.equal(requiredVersion(text, "a.b/e"), "v3.0.0");
  });

  it("does not take a replacement for a requirement", () => {
    assert.throws(
      () => requiredVersion("replace a.b/c => a.b/c v1.0.0\n", "a.b/c"),
      /requires no version of a\.b\/c/,
    );
  });
});

describe("goArchitecture", () => {
  it("refuses a machine that nothing is built for, and says which would do", () => {
    assert.throws(() => goArchitecture("riscv64"), /riscv64[^]*x64, arm64/);
  });
});

describe("the catalogue", () => {
  const modules = join(import.meta.dirname, "..", "..", "tools", "go");

  for (const entry of programs) {
    it(`names a Go module for ${entry.name} that is pinned`, () => {
      const text = readFileSync(join(modules, entry.name, "go.mod"), "utf8");
      if (entry.versionOf === undefined) return;
      assert.match(requiredVersion(text, entry.versionOf), /^v\d+\.\d+\.\d+$/);
      assert.match(readFileSync(join(modules, entry.name, "go.sum"), "utf8"), /h1:/);
    });
  }

  it("gives no name to two artefacts", () => {
    const names = programs.flatMap((entry) =>
      entry.steps.flatMap((step) =>
        step.binaries.flatMap((binary) => [binary.artefact, ...(binary.answersTo ?? [])]),
      ),
    );
    assert.deepEqual(
      names.filter((name, place) => names.indexOf(name) !== place),
      [],
    );
  });

  it("lists every program that the multi-call binary answers to", () => {
    const main = readFileSync(join(modules, "kubernetes", "main.go"), "utf8");
    const compiled = [...main.matchAll(/^\t"([a-z-]+)":/gm)].map((match) => match[1]);
    const listed = programs.find((entry) => entry.name === "kubernetes")?.steps[0]?.binaries[0]?.answersTo;
    assert.deepEqual(listed, compiled);
  });
});
