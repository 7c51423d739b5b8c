import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = join(import.meta.dirname, "..", "..", "tools", "stack-salt.sh");

describe("tools/stack-salt.sh", function () {
  // Each test starts several processes, which takes long on a busy machine.
  this.timeout(60_000);

  let checkout = "";
  const git = (...words: string[]): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...words], {
      cwd: checkout,
      encoding: "utf8",
    });
  const salt = (word: string): void => {
    execFileSync(join(checkout, "tools", "stack-salt.sh"), [word]);
  };
  const stackFile = (name = "dev"): string => join(checkout, `Pulumi.${name}.yaml`);

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), "salt-"));
    cpSync(script, join(checkout, "tools", "stack-salt.sh"));
    writeFileSync(stackFile(), "config:\n  a: b\n");
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "--message", "first");
  });
  afterEach(() => {
    rmSync(checkout, { recursive: true });
  });

  it("keeps git's status clean when Pulumi has added the salt, and shows any other change", () => {
    salt("hide");
    writeFileSync(stackFile(), "config:\n  a: b\nencryptionsalt: v1:x\n");
    salt("settle");
    assert.equal(git("status", "--porcelain"), "");
    writeFileSync(stackFile(), "config:\n  a: c\nencryptionsalt: v1:x\n");
    salt("settle");
    assert.equal(git("status", "--porcelain"), " M Pulumi.dev.yaml\n");
  });

  it("stages nothing that was not staged", () => {
    salt("hide");
    writeFileSync(stackFile(), "config:\n  a: c\nencryptionsalt: v1:x\n");
    salt("settle");
    assert.equal(git("diff", "--cached"), "");
    assert.match(git("diff"), /^\+ {2}a: c$/m);
  });

  it("leaves git as it was when it is undone, also after being done twice", () => {
    const config = readFileSync(join(checkout, ".git", "config"), "utf8");
    salt("hide");
    salt("hide");
    salt("unhide");
    salt("unhide");
    assert.equal(readFileSync(join(checkout, ".git", "config"), "utf8"), config);
    writeFileSync(stackFile(), "config:\n  a: b\nencryptionsalt: v1:x\n");
    assert.equal(git("status", "--porcelain"), " M Pulumi.dev.yaml\n");
  });

  it("keeps what else the checkout's attributes say", () => {
    const attributes = join(checkout, ".git", "info", "attributes");
    writeFileSync(attributes, "*.png binary\n");
    salt("hide");
    salt("unhide");
    assert.equal(readFileSync(attributes, "utf8"), "*.png binary\n");
  });

  it("takes a salt away that nobody committed, and keeps one that somebody did", () => {
    writeFileSync(stackFile("team"), "encryptionsalt: v1:shared\n");
    git("add", ".");
    git("commit", "--quiet", "--message", "second");
    writeFileSync(stackFile(), "config:\n  a: b\nencryptionsalt: v1:x\n");
    salt("forget");
    assert.equal(readFileSync(stackFile(), "utf8"), "config:\n  a: b\n");
    assert.equal(readFileSync(stackFile("team"), "utf8"), "encryptionsalt: v1:shared\n");
  });
});
