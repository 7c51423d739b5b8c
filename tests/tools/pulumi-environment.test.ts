import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const project = join(import.meta.dirname, "..", "..");

/** A program that tells how it was started: as itself, with which words and which variables. */
const teller = `#!/bin/sh
[ "$1" = version ] && echo VERSION && exit 0
echo "NAME $*"
env | grep '^PULUMI_' | sort
`;

describe("bin/pulumi", function () {
  // Each test starts several processes, which takes long on a busy machine.
  this.timeout(60_000);

  let root = "";
  let checkout = "";
  let cache = "";

  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };
  const putPulumi = (folder: string, name: string, version: string): void => {
    put(join(folder, "pulumi"), teller.replace("NAME", name).replace("VERSION", version));
  };
  const run = (
    words: readonly string[],
    path: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): { stdout: string; stderr: string; status: number | null } =>
    spawnSync("pulumi", words, {
      encoding: "utf8",
      env: {
        PATH: [join(checkout, "bin"), ...path, "/usr/bin", "/bin"].join(":"),
        HOME: root,
        RKTNETES_CACHE: cache,
        ...more,
      },
    });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "pulumi-"));
    checkout = join(root, "a checkout");
    cache = join(root, "cache");
    for (const file of ["bin/pulumi", "tools/pulumi-environment.sh", "tools/stack-salt.sh"])
      cpSync(join(project, file), join(checkout, file));
    put(join(cache, "node", "bin", "node"), "#!/bin/sh\n");
    putPulumi(join(cache, "bin"), "built", "v3.259.0");
    put(join(checkout, "tools/language-host/pulumi-language-nodejs"), "");
    put(join(checkout, "node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs"), "");
    writeFileSync(join(checkout, "package-lock.json"), "{}");
    for (const provider of ["kubernetes", "command"]) {
      put(
        join(checkout, `node_modules/@pulumi/${provider}/package.json`),
        '{\n    "version": "4.5.6",\n    "x": "1.2.3"\n}\n',
      );
      put(join(checkout, `tools/providers/${provider}/pulumi-resource-${provider}`), "");
    }
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("uses the built CLI, with a home of its own, where there is no other", () => {
    const { stdout, stderr, status } = run(["stack", "ls"], []);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^built stack ls$/m);
    const home = /^PULUMI_HOME=(.*)$/m.exec(stdout)?.[1] ?? "";
    assert.ok(home.startsWith(`${cache}/pulumi/`), home);
    for (const file of [
      "bin/pulumi-language-nodejs",
      "plugins/resource-kubernetes-v4.5.6/pulumi-resource-kubernetes",
      "plugins/resource-command-v4.5.6/pulumi-resource-command",
    ])
      assert.ok(existsSync(join(home, file)), file);
  });

  it("has looked at what is really there after a removal that was cut off, until a run has succeeded", () => {
    const state = join(checkout, ".rktnetes/state/.pulumi");
    const stack = join(state, "stacks/rktnetes/dev.json");
    const called = (...words: string[]): string | undefined =>
      /^built (.*)$/m.exec(run(words, [], { RKTNETES_PULUMI: "built" }).stdout)?.[1];
    const checkpoint = (operation: string): string =>
      `{"checkpoint":{"latest":{"pending_operations":[{"resource":{},"type":"${operation}"}]}}}`;

    put(stack, checkpoint("creating"));
    assert.equal(called("up", "--yes"), "up --yes");
    put(stack, checkpoint("deleting"));
    assert.equal(called("--non-interactive", "up", "--yes"), "--non-interactive up --refresh --yes");
    assert.equal(called("destroy", "--yes"), "destroy --yes");
    // Pulumi has written its state since, and was killed again.
    put(stack, "{}");
    assert.equal(called("preview"), "preview --refresh");
    const ended = join(state, "history/rktnetes/dev/dev-1.history.json");
    put(ended, '{"kind":"update","result":"failed"}');
    assert.equal(called("up"), "up --refresh");
    put(ended, '{"kind":"update","result":"succeeded"}');
    assert.equal(called("up"), "up");
    assert.equal(called("up"), "up");

    put(stack, checkpoint("deleting"));
    assert.equal(called("up"), "up --refresh");
    rmSync(stack);
    assert.equal(called("up"), "up");
  });

  it("prefers an official CLI that is new enough, and shows it no home and no plugins of ours", () => {
    const official = join(root, "official");
    putPulumi(official, "official", "v3.270.0");
    const { stdout, stderr } = run(["preview"], [official], {
      PULUMI_HOME: join(cache, "pulumi", "other"),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    });
    assert.match(stdout, /^official preview$/m);
    assert.doesNotMatch(stdout, /PULUMI_HOME|PLUGIN/);
    assert.match(stdout, /^PULUMI_BACKEND_URL=file:/m);
    assert.match(stderr, /v3\.270\.0 .*official installation with official plugins/);
  });

  it("leaves the official CLI the user's own home", () => {
    const official = join(root, "official");
    putPulumi(official, "official", "v3.259.0");
    assert.match(
      run(["stack"], [official], { PULUMI_HOME: "/elsewhere" }).stdout,
      /^PULUMI_HOME=\/elsewhere$/m,
    );
  });

  it("passes over an official CLI that is too old, and says so", () => {
    const official = join(root, "official");
    putPulumi(official, "official", "v3.99.1");
    const { stdout, stderr } = run(["up"], [official]);
    assert.match(stdout, /^built up$/m);
    assert.match(stderr, /3\.99\.1, older than 3\.259\.0/);
  });

  it("passes over what is called pulumi and is none", () => {
    const official = join(root, "official");
    put(join(official, "pulumi"), "#!/bin/sh\nexit 3\n");
    assert.match(run(["stack"], [official]).stdout, /^built stack$/m);
  });

  it("takes neither itself nor another checkout's wrapper for an official CLI", () => {
    const other = join(root, "other");
    cpSync(checkout, other, { recursive: true });
    const { stdout, status } = run(["stack"], [join(other, "bin"), join(cache, "bin")]);
    assert.equal(status, 0);
    assert.match(stdout, /^built stack$/m);
  });

  it("uses the built CLI in any case when asked to", () => {
    const official = join(root, "official");
    putPulumi(official, "official", "v3.270.0");
    assert.match(run(["stack"], [official], { RKTNETES_PULUMI: "built" }).stdout, /^built stack$/m);
  });

  it("says which Pulumi is in use for up, preview, refresh and destroy, and only for these", () => {
    for (const words of [["up", "--yes"], ["--non-interactive", "preview"], ["refresh"], ["destroy"]])
      assert.match(run(words, []).stderr, /^pulumi .*\n$/, words.join(" "));
    for (const words of [["stack", "output"], ["config", "set", "up", "x"], ["version"]])
      assert.equal(run(words, []).stderr, "", words.join(" "));
  });

  it("makes the passphrase once, readable by its owner alone, and hands over only the file's name", () => {
    const first = run(["stack"], []).stdout;
    const path = join(checkout, ".rktnetes", "passphrase");
    const passphrase = readFileSync(path, "utf8");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(checkout, ".rktnetes")).mode & 0o777, 0o700);
    assert.ok(passphrase.length >= 40);
    assert.ok(!first.includes(passphrase));
    assert.match(first, new RegExp(`^PULUMI_CONFIG_PASSPHRASE_FILE=${path}$`, "m"));
    run(["stack"], []);
    assert.equal(readFileSync(path, "utf8"), passphrase);
  });

  it("leaves the user's own backend and passphrase alone", () => {
    const { stdout } = run(["stack"], [], { PULUMI_BACKEND_URL: "s3://mine", PULUMI_CONFIG_PASSPHRASE: "" });
    assert.match(stdout, /^PULUMI_BACKEND_URL=s3:\/\/mine$/m);
    assert.doesNotMatch(stdout, /PASSPHRASE_FILE/);
    assert.ok(!existsSync(join(checkout, ".rktnetes", "passphrase")));
  });

  it("says what to do when nothing is built yet", () => {
    rmSync(join(cache, "bin"), { recursive: true });
    const { status, stderr } = run(["up"], []);
    assert.equal(status, 1);
    assert.match(stderr, /none is built yet\n {2}remedy: {2}run make tools/);
  });

  it("follows the npm package to another version", () => {
    run(["stack"], []);
    put(join(checkout, "node_modules/@pulumi/command/package.json"), '{\n    "version": "4.5.7"\n}\n');
    writeFileSync(join(checkout, "package-lock.json"), "{ }");
    // The stamp knows seconds only.
    spawnSync("touch", ["--date=tomorrow", join(checkout, "package-lock.json")]);
    const home = /^PULUMI_HOME=(.*)$/m.exec(run(["stack"], []).stdout)?.[1] ?? "";
    assert.ok(existsSync(join(home, "plugins/resource-command-v4.5.7/pulumi-resource-command")));
    assert.ok(!existsSync(join(home, "plugins/resource-command-v4.5.6")));
  });

  it("gets by with what a run left that was killed while it noted a state's attributes", () => {
    const stacks = join(checkout, ".rktnetes", "state", ".pulumi", "stacks", "rktnetes");
    put(join(stacks, "dev.json"), "{}");
    put(join(stacks, "dev.json.attrs"), "");
    put(join(stacks, "dev.json.bak.attrs"), "{}");
    assert.equal(run(["stack", "ls"], []).status, 0);
    const left = ["dev.json", "dev.json.attrs", "dev.json.bak.attrs"].filter((name) =>
      existsSync(join(stacks, name)),
    );
    assert.deepEqual(left, ["dev.json", "dev.json.bak.attrs"]);
  });
});
