import assert from "node:assert/strict";
import {
  locateEntry,
  pluginArguments,
  programArguments,
  programEnvironment,
  type ProgramRun,
} from "../../../tools/language-host/invocation.ts";
import { parseOptions } from "../../../tools/language-host/options.ts";

const run: ProgramRun = {
  monitor: "127.0.0.1:1",
  engine: "127.0.0.1:2",
  organization: "organization",
  project: "shop",
  stack: "dev",
  rootDirectory: "/root-folder",
  programDirectory: "/program",
  entryPoint: "index.ts",
  dryRun: true,
  parallel: 32,
  args: ["--extra"],
  config: new Map([["shop:size", "3"]]),
  configSecretKeys: ["shop:password"],
};

describe("how the language host runs programs", () => {
  it("gives @pulumi/pulumi's entry the arguments of the official host", () => {
    const options = parseOptions({ nodeargs: "--max-old-space-size=512" });
    assert.deepEqual(programArguments(run, "/cmd/run", options), [
      "--max-old-space-size=512",
      "/cmd/run",
      ..."--monitor 127.0.0.1:1 --engine 127.0.0.1:2 --organization organization --project shop".split(" "),
      ..."--root-directory /root-folder --stack dev --pwd /program --dry-run --parallel 32".split(" "),
      "index.ts",
      "--extra",
    ]);
  });

  it("leaves out what the engine did not say, and runs the folder when no entry point is named", () => {
    const bare = { ...run, organization: "", engine: "", dryRun: false, entryPoint: "", args: [] };
    const args = programArguments(bare, "/cmd/run", parseOptions({}));
    assert.ok(!args.includes("--organization") && !args.includes("--engine") && !args.includes("--dry-run"));
    assert.equal(args.at(-1), ".");
  });

  it("passes configuration in the environment", () => {
    assert.deepEqual(programEnvironment(run, parseOptions({ typescript: false })), {
      PULUMI_CONFIG: '{"shop:size":"3"}',
      PULUMI_CONFIG_SECRET_KEYS: '["shop:password"]',
    });
  });

  it("names a policy pack's folder last and a provider's first", () => {
    const options = parseOptions({});
    const plugin = { programDirectory: "/plugin", args: ["127.0.0.1:2"] };
    assert.deepEqual(pluginArguments({ ...plugin, kind: "analyzer" }, "/entry", options), [
      "/entry",
      "127.0.0.1:2",
      "/plugin",
    ]);
    assert.deepEqual(pluginArguments({ ...plugin, kind: "resource" }, "/entry", options), [
      "/entry",
      "/plugin",
      "127.0.0.1:2",
    ]);
  });

  it("finds the program's own SDK, and says what to do when there is none", () => {
    assert.match(
      locateEntry("@pulumi/pulumi/cmd/run", import.meta.dirname),
      /@pulumi\/pulumi\/cmd\/run\/index\.js$/,
    );
    assert.throws(() => locateEntry("@pulumi/pulumi/cmd/run", "/"), /npm install/);
  });
});
