import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

function lab(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const program = fileURLToPath(new URL("../../lab/main.ts", import.meta.url));
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

describe("the lab's command", () => {
  it("explains itself", () => {
    const { status, stdout } = lab("--help");
    assert.equal(status, 0);
    for (const command of ["up", "list", "shell", "reboot", "stop", "delete", "registry", "down"]) {
      assert.match(stdout, new RegExp(`lab/main\\.ts ${command}\\b`));
    }
  });

  it("refuses a command that it does not have", () => {
    const { status, stderr } = lab("frobnicate");
    assert.equal(status, 1);
    assert.match(stderr, /no such command: frobnicate/);
  });
});
