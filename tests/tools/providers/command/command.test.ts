import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OperationContext } from "../../../../provider/protocol/resource.ts";
import { Secret, UNKNOWN, type Properties } from "../../../../provider/protocol/value.ts";
import { selected } from "../../../../tools/providers/command/assets.ts";
import { CommandProvider } from "../../../../tools/providers/command/provider.ts";

const TOKEN = "command:local:Command";

describe("a local command", () => {
  const provider = new CommandProvider();
  const kind = provider.kindOf(TOKEN);
  let lines: string[];
  let context: OperationContext;
  let folder: string;

  beforeEach(async () => {
    lines = [];
    const say = (line: string): void => void lines.push(line);
    context = {
      urn: `urn:pulumi:dev::shop::${TOKEN}::it`,
      name: "it",
      preview: false,
      timeoutSeconds: 0,
      signal: new AbortController().signal,
      log: { progress: say, info: say, warning: say },
    };
    folder = await mkdtemp(join(tmpdir(), "command-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const create = async (inputs: Properties): Promise<Properties> =>
    (await kind.create(inputs, context)).outputs;

  it("gets its input and environment, and gives what it said without the last line break", async () => {
    const inputs = {
      create: 'cat; printf "$NAME\\n\\n"; echo oops >&2',
      stdin: "in ",
      environment: { NAME: "x" },
    };
    const outputs = await create(inputs);
    assert.deepEqual([outputs["stdout"], outputs["stderr"]], ["in x\n", "oops"]);
  });

  it("runs in its folder, by its interpreter", async () => {
    const outputs = await create({
      create: "import os; print(os.getcwd())",
      interpreter: ["python3", "-c"],
      dir: folder,
    });
    assert.equal(outputs["stdout"], folder);
  });

  it("shows its lines as they come, or only those that are wished", async () => {
    await create({ create: "echo out; echo err >&2", logging: "stderr" });
    assert.deepEqual(lines, ["err"]);
  });

  it("fails with its exit code, its words and its place", async () => {
    await assert.rejects(create({ create: "echo not today; exit 3", dir: folder }), (error: Error) => {
      assert.match(error.message, /exit code 3/);
      assert.match(error.message, /not today/);
      assert.ok(error.message.includes(folder));
      return true;
    });
  });

  it("keeps what it says secret when it was told a secret, and shows none of it", async () => {
    const inputs = { create: "echo pw=$PW", environment: { PW: new Secret("hunter2") } };
    assert.deepEqual((await create(inputs))["stdout"], new Secret("pw=hunter2"));
    assert.deepEqual(lines, ["pw=[secret]"]);
    await assert.rejects(create({ ...inputs, create: "echo $PW; exit 1" }), (error: Error) => {
      assert.ok(!error.message.includes("hunter2"));
      return true;
    });
  });

  it("hands what it said to its update and its delete", async () => {
    const inputs = { create: "echo made", update: "echo after $PULUMI_COMMAND_STDOUT" };
    const olds = await create(inputs);
    const updated = await kind.update({ id: "it", olds, oldInputs: inputs, news: inputs }, context);
    assert.equal(updated["stdout"], "after made");
    const mark = join(folder, "mark");
    const last = { delete: `echo "$PULUMI_COMMAND_STDOUT" > ${mark}` };
    await kind.delete({ id: "it", outputs: { ...olds, ...last }, inputs: last }, context);
    const outputs = await create({ create: `cat ${mark}` });
    assert.equal(outputs["stdout"], "made");
  });

  it("is replaced when a trigger changes, and updated when anything else does", async () => {
    const oldInputs = { create: "true", triggers: [1] };
    const args = { id: "it", olds: {}, oldInputs, ignoreChanges: [] };
    const replaced = await kind.diff({ ...args, news: { create: "true", triggers: [2] } }, context);
    assert.deepEqual(replaced.changes, { triggers: { kind: "update-replace" } });
    const updated = await kind.diff({ ...args, news: { create: "false", triggers: [1] } }, context);
    assert.deepEqual(updated.changes, { create: { kind: "update" } });
  });

  it("runs nothing in a preview, and does not pretend to know what it would say", async () => {
    const mark = join(folder, "mark");
    const created = await kind.create({ create: `touch ${mark}` }, { ...context, preview: true });
    assert.deepEqual(created.outputs["stdout"], UNKNOWN);
    await assert.rejects(create({ create: `cat ${mark}` }));
  });

  it("ends with all it started when the run is interrupted", async () => {
    const interrupted = new AbortController();
    const log = {
      ...context.log,
      info: (): void => {
        interrupted.abort(new Error("interrupted"));
      },
    };
    await assert.rejects(
      kind.create(
        { create: "echo started; sleep 60 & wait" },
        { ...context, signal: interrupted.signal, log },
      ),
      /SIGKILL/,
    );
  });

  it("names an input that nobody knows", async () => {
    const { failures } = await kind.check({ create: "true", enviroment: {} }, {}, context);
    assert.equal(failures?.[0]?.property, "enviroment");
  });

  it("gives the files it left behind as assets", async () => {
    await writeFile(join(folder, "a.txt"), "hello");
    const outputs = await create({ create: "true", dir: folder, assetPaths: ["*.txt"] });
    const hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert.deepEqual(outputs["assets"], {
      "a.txt": {
        "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
        path: join(folder, "a.txt"),
        hash,
      },
    });
  });

  it("can be a function that runs at every program", async () => {
    const result = await provider.invoke("command:local:run", { command: "echo now" }, context);
    assert.equal(result["stdout"], "now");
  });
});

describe("the offline command provider", () => {
  it("refuses what it has not, by name", () => {
    assert.throws(() => new CommandProvider().kindOf("command:remote:CopyToRemote"), /CopyToRemote/);
  });

  it("chooses files by rules that count in their order", () => {
    const files = ["a/logo.svg", "src/index.js", "src/secret.js", "top.md"];
    assert.deepEqual(selected(files, ["a/**", "src/**/*.js", "!**/secret.*"]), [
      "a/logo.svg",
      "src/index.js",
    ]);
    assert.deepEqual(selected(files, ["*"]), ["top.md"]);
  });
});
