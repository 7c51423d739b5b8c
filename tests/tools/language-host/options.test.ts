import assert from "node:assert/strict";
import { optionsEnvironment, parseOptions, splitArguments } from "../../../tools/language-host/options.ts";

describe("the language host's options", () => {
  it("compile with ts-node unless the project says otherwise, as the official host does", () => {
    assert.deepEqual(optionsEnvironment(parseOptions({})), { PULUMI_NODEJS_TYPESCRIPT: "true" });
    assert.deepEqual(optionsEnvironment(parseOptions({ typescript: false })), {});
  });

  it("hand a tsconfig on", () => {
    const options = parseOptions({ typescript: false, tsconfig: "tsconfig.pulumi.json" });
    assert.deepEqual(optionsEnvironment(options), { PULUMI_NODEJS_TSCONFIG_PATH: "tsconfig.pulumi.json" });
  });

  it("split Node's arguments like a shell", () => {
    assert.deepEqual(splitArguments(`--import "a b" --title='x "y"' z\\ z  "q\\"q"`), [
      "--import",
      "a b",
      `--title=x "y"`,
      "z z",
      `q"q`,
    ]);
    assert.deepEqual(splitArguments("  "), []);
  });

  for (const [key, value] of [
    ["typescript", "yes"],
    ["nodeargs", 3],
    ["packagemanager", "cargo"],
  ] as const) {
    it(`refuse a wrong ${key}, naming its place in Pulumi.yaml`, () => {
      assert.throws(
        () => parseOptions({ [key]: value }),
        new RegExp(`Pulumi\\.yaml: runtime\\.options\\.${key}`),
      );
    });
  }
});
