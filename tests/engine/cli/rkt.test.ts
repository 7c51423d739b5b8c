import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { availableCommands } from "../../../engine/cli/available.ts";
import { bashCompletion } from "../../../engine/cli/bashCompletion.ts";
import { allCommands } from "../../../engine/cli/grammar/commands.ts";
import { renderHelp } from "../../../engine/cli/help.ts";
import { implementations } from "../../../engine/cli/implementations.ts";
import { runCommandLine } from "../../../engine/cli/runCommandLine.ts";

/** Keeps what is written to it. */
class Kept extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe("rkt", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "rkt-cli-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  async function rkt(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const line = [
      `--dir=${root}/data`,
      `--local-config=${root}/etc`,
      `--system-config=${root}/usr`,
      ...words,
    ];
    const out = new Kept();
    const err = new Kept();
    const code = await runCommandLine(line, {}, { out, err });
    return { code, out: out.text, err: err.text };
  }

  it("is a program that ends with the code of what it did", () => {
    const main = join(import.meta.dirname, "../../../engine/main.ts");
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "lits"], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [254, ""]);
    assert.equal(stderr, `Error: unknown command "lits" for "rkt"\nRun 'rkt --help' for usage.\n`);
  });

  it("says whose engine it is", async () => {
    const { code, out } = await rkt("version");
    assert.equal(code, 0);
    assert.match(out, /^rkt Version: \d+\.\d+\.\d+/);
    assert.match(out, /Rktnetes.*not upstream rkt/);
  });

  it("ends with 254 and the command's name where it refuses", async () => {
    assert.deepEqual(await rkt("cat-manifest", "abc"), {
      code: 254,
      out: "",
      err: 'cat-manifest: cannot get pod: no matches found for "abc"\n',
    });
  });

  it("ends with 2 and its help where no command was given", async () => {
    const { code, err } = await rkt();
    assert.equal(code, 2);
    assert.match(err, /^rkt: missing command\n/);
  });

  it("tells a command that is not there as cobra does", async () => {
    const { code, err } = await rkt("app");
    assert.equal(code, 254);
    assert.match(err, /^Error: unknown command "app" for "rkt"\n/);
  });

  it("is stopped by a bad configuration file, in every command that reads any", async () => {
    mkdirSync(join(root, "etc/paths.d"), { recursive: true });
    writeFileSync(
      join(root, "etc/paths.d/a.json"),
      JSON.stringify({ rktKind: "paths", rktVersion: "v1", data: "relative" }),
    );
    const { code, err } = await rkt("list");
    assert.equal(code, 254);
    assert.match(err, /^list: cannot get configuration: data directory must be an absolute path\n/);
    assert.equal((await rkt("version")).code, 0);
  });

  it("prints JSON where it is asked to", async () => {
    assert.equal((await rkt("list", "--format=json")).out, "[]\n");
    assert.equal((await rkt("list", "--no-legend")).out, "");
  });

  it("tells others than root and the group rkt that they may not look, instead of showing nothing", async function () {
    if (process.geteuid?.() !== 0) this.skip();
    mkdirSync(join(root, "data/pods"), { recursive: true });
    chmodSync(root, 0o755);
    await rkt("list"); // Afterwards no file of the engine has to be read any more.
    await rkt("image", "list");
    chmodSync(join(root, "data"), 0o700);
    process.seteuid?.(65534);
    try {
      const { code, err } = await rkt("list");
      assert.equal(code, 254);
      assert.match(err, /^list: failed to get pod handles: open .*\/data: permission denied\n.*group rkt/);
      assert.match((await rkt("run", "img")).err, /^run: cannot run as unprivileged user\n/);
    } finally {
      process.seteuid?.(0);
    }
  });

  it("prints the configuration in rkt's form", async () => {
    const { out } = await rkt("config", "--pretty-print=false");
    assert.match(out, /^\{"stage0":\[\{"rktVersion":"v1","rktKind":"paths","data":""/);
  });
});

describe("help", () => {
  it("lists no command whose code is not there", () => {
    const text = renderHelp("", { RKT_EXPERIMENT_APP: "true" });
    for (const { name } of allCommands) {
      if (name !== "help" && !Object.hasOwn(implementations, name)) {
        assert.ok(!text.includes(`  ${name} `), name);
      }
    }
    assert.match(text, /^ {2}run +Run images as one pod$/m);
  });

  it("shows the flags and an example of every command", () => {
    for (const { name, flags, examples } of availableCommands.filter(({ gate }) => gate === undefined)) {
      const text = renderHelp(name, {});
      for (const flag of flags) {
        const shown = flag.hidden !== true && flag.deprecated === undefined;
        assert.equal(text.includes(`  --${flag.name}`) || !shown, true, `${name} --${flag.name}`);
      }
      assert.ok(examples.length > 0 && text.includes(examples[0]?.line ?? ""), name);
    }
  });

  it("has code for every command that it names", async () => {
    for (const [name, load] of Object.entries(implementations)) {
      assert.ok(
        allCommands.some((command) => command.name === name),
        `${name} has no grammar`,
      );
      assert.equal(typeof (await load()), "function", name);
    }
  });
});

describe("bash completion", () => {
  function complete(...words: readonly string[]): readonly string[] {
    const script = `${bashCompletion()}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
_rkt; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" });
    assert.equal(stderr, "");
    return stdout.split("\n").filter((line) => line !== "");
  }

  it("completes commands and what belongs to them", () => {
    assert.deepEqual(complete("rkt", "ru"), ["run", "run-prepared"]);
    assert.ok(complete("rkt", "image", "").includes("render"));
    assert.ok(complete("rkt", "--debug", "image", "e").includes("export"));
  });

  it("completes flags of the command, and global ones", () => {
    assert.deepEqual(complete("rkt", "run", "--stage1-p"), ["--stage1-path="]);
    assert.deepEqual(complete("rkt", "list", "--insec"), ["--insecure-options="]);
  });

  it("completes values that are known, behind the sign that bash makes a word of its own", () => {
    assert.deepEqual(complete("rkt", "fetch", "--pull-policy", "=", "n"), ["never", "new"]);
    assert.deepEqual(complete("rkt", "fetch", "--pull-policy", "="), ["never", "new", "update"]);
  });
});
