import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";

describe("the lab's modules", function () {
  this.timeout(60_000);

  it("can each be the first to be imported", () => {
    const folder = new URL("../../lab/", import.meta.url);
    // main.ts acts when it is imported; its help stands for it.
    execFileSync(process.execPath, [new URL("main.ts", folder).pathname, "--help"]);
    for (const name of readdirSync(folder).filter((file) => file.endsWith(".ts") && file !== "main.ts")) {
      const source = `await import(${JSON.stringify(new URL(name, folder).href)})`;
      assert.doesNotThrow(() => execFileSync(process.execPath, ["--input-type=module", "-e", source]), name);
    }
  });
});
