import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const checkout = new URL("../..", import.meta.url).pathname;

async function node(script: string, ...options: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [...options, "--eval", script], {
    cwd: checkout,
  });
  return JSON.parse(stdout);
}

const LEAN = ["--import", "./tools/lean-start/start.ts"];
const LOADED = `
  require("@pulumi/pulumi");
  const loaded = (part) => Object.keys(require.cache).some((path) => path.includes(part));
  console.log(JSON.stringify([loaded("/typescript/lib/typescript.js"), loaded("/@npmcli/arborist/")]));`;

describe("a lean start of the program", function () {
  this.timeout(60_000);

  it("leaves the compiler and the package tree unread, which @pulumi/pulumi reads by itself", async () => {
    assert.deepEqual(await node(LOADED), [true, true]);
    assert.deepEqual(await node(LOADED, ...LEAN), [false, false]);
  });

  it("still lets a function be written into a state", async () => {
    const script = `
      const pulumi = require("@pulumi/pulumi");
      const three = 3;
      pulumi.runtime.serializeFunction(() => three * 14).then((got) => console.log(JSON.stringify(got.text)));`;
    const text = await node(script, ...LEAN);
    assert.match(String(text), /three \* 14/);
  });

  it("keeps the stack of an error, and the name of the file", async () => {
    const script = `
      require("source-map-support").install();
      console.log(JSON.stringify(new Error("here").stack));`;
    assert.match(String(await node(script, ...LEAN)), /^Error: here\n +at /);
  });

  it("is what Pulumi.yaml asks for", async () => {
    const { readFile } = await import("node:fs/promises");
    assert.match(
      await readFile(`${checkout}/Pulumi.yaml`, "utf8"),
      /nodeargs: --import \.\/tools\/lean-start\/start\.ts/,
    );
  });
});
