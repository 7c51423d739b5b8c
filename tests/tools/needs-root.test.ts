import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SCRIPT = join(import.meta.dirname, "..", "..", "tools", "needs-root.sh");

describe("tools/needs-root.sh", () => {
  let checkout = "";

  /** In a checkout of its own, as the user with this number. */
  const asked = (
    user: number,
    ...args: string[]
  ): { readonly code: number | null; readonly said: string } => {
    const bin = join(checkout, "bin");
    writeFileSync(join(bin, "id"), `#!/bin/sh\necho ${user}\n`);
    chmodSync(join(bin, "id"), 0o755);
    const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    const { status, stderr } = spawnSync(join(checkout, "tools", "needs-root.sh"), args, { env });
    return { code: status, said: stderr.toString() };
  };

  before(() => {
    checkout = mkdtempSync(join(tmpdir(), "needs-root-"));
    for (const folder of ["bin", "tools"]) mkdirSync(join(checkout, folder));
    copyFileSync(SCRIPT, join(checkout, "tools", "needs-root.sh"));
    const hosts = (machine: string): string =>
      `config:\n  rktnetes:hosts:\n    - {name: one, machine: ${machine}}\n`;
    writeFileSync(join(checkout, "Pulumi.lab.yaml"), hosts("nspawn"));
    writeFileSync(join(checkout, "Pulumi.virtual.yaml"), hosts('"kvm"'));
    writeFileSync(join(checkout, "Pulumi.metal.yaml"), hosts("ssh"));
  });
  after(() => {
    rmSync(checkout, { recursive: true });
  });

  it("sends a user away who cannot make the stack's lab hosts, and says how to", () => {
    for (const stack of ["lab", "virtual"]) {
      const { code, said } = asked(1000, "make up", stack);
      assert.equal(code, 1);
      assert.match(
        said,
        new RegExp(`^make up: the stack "${stack}" has lab hosts.*\\n {2}remedy: {2}sudo make up\\n$`),
      );
    }
  });

  it("lets anybody reach machines by ssh", () => {
    assert.deepEqual(asked(1000, "make up", "metal"), { code: 0, said: "" });
  });

  it("leaves a stack that there is not to those who know what to say", () => {
    assert.deepEqual(asked(1000, "make up", "none"), { code: 0, said: "" });
  });

  it("sends a user away from what makes lab hosts in any case", () => {
    assert.equal(asked(1000, "make test").code, 1);
  });

  it("has nothing to tell root", () => {
    assert.deepEqual(asked(0, "make up", "lab"), { code: 0, said: "" });
    assert.deepEqual(asked(0, "make test"), { code: 0, said: "" });
  });
});
