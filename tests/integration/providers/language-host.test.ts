import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseJson, at, type Json } from "../../../provider/kubernetes/json.ts";
import { eventually } from "../../support/await.ts";
import { failed, runProcess, succeeded } from "../../support/process.ts";
import { builtProgram } from "./workspace.ts";

const checkout = resolve(import.meta.dirname, "../../..");

describe("the language host, started by Pulumi's CLI", function () {
  this.timeout(120_000);
  let folder: string;
  let environment: Record<string, string>;

  before(async () => {
    const built = builtProgram("pulumi");
    if (built === undefined) throw new Error("run `make tools` first: this test needs the Pulumi CLI");
    folder = await mkdtemp(join(tmpdir(), "language-host-"));
    for (const name of ["bin", "state", "home"]) await mkdir(join(folder, name));
    await symlink(built, join(folder, "bin", "pulumi"));
    await symlink(
      join(checkout, "tools/language-host/pulumi-language-nodejs"),
      join(folder, "bin", "pulumi-language-nodejs"),
    );
    environment = {
      PATH: [join(folder, "bin"), dirname(process.execPath), process.env["PATH"]].join(":"),
      RKTNETES_NODE: process.execPath,
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "of these tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_IGNORE_AMBIENT_PLUGINS: "false",
    };
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** A project of plain TypeScript modules that Node runs as they are. */
  const project = async (name: string, program: string, settings: object = {}): Promise<string> => {
    const place = join(folder, name);
    await mkdir(place);
    await symlink(join(checkout, "node_modules"), join(place, "node_modules"));
    const runtime = { name: "nodejs", options: { typescript: false } };
    await writeFile(
      join(place, "Pulumi.yaml"),
      JSON.stringify({ name, runtime, main: "index.ts", ...settings }),
    );
    await writeFile(join(place, "package.json"), JSON.stringify({ name, type: "module" }));
    await writeFile(join(place, "index.ts"), program);
    await pulumi(place, "stack", "init", "dev");
    return place;
  };
  const pulumi = async (cwd: string, ...args: string[]): Promise<string> => {
    const finished = await runProcess("pulumi", [...args, "--non-interactive"], { cwd, env: environment });
    return `${succeeded(finished, `pulumi ${args.join(" ")}`)}${finished.stderr}`;
  };
  const failing = async (cwd: string, ...args: string[]): Promise<string> =>
    failed(await runProcess("pulumi", [...args, "--non-interactive"], { cwd, env: environment }), "pulumi");
  const outputs = async (cwd: string): Promise<Json> =>
    parseJson((await runProcess("pulumi", ["stack", "output", "--json"], { cwd, env: environment })).stdout);

  it("runs TypeScript modules as they are, with configuration and secrets", async () => {
    const place = await project(
      "modules",
      `import * as pulumi from "@pulumi/pulumi";
       import { greet, type Greeting } from "./greet.ts";
       const config = new pulumi.Config();
       const greeting: Greeting = greet(config.require("who"));
       console.log("said on the way");
       export const text = greeting.text;
       export const password = config.requireSecret("password");
       export const where = pulumi.runtime.getProject() + "/" + pulumi.runtime.getStack();`,
    );
    await writeFile(
      join(place, "greet.ts"),
      `export interface Greeting { readonly text: string }
       export const greet = (who: string): Greeting => ({ text: "hello " + who });`,
    );
    await pulumi(place, "config", "set", "who", "world");
    await pulumi(place, "config", "set", "--secret", "password", "hunter2hunter2");
    const shown = await pulumi(place, "up", "--yes");
    assert.match(shown, /said on the way/);
    assert.ok(!shown.includes("hunter2"));
    const found = await outputs(place);
    assert.equal(at(found, "text"), "hello world");
    assert.equal(at(found, "where"), "modules/dev");
    assert.equal(at(found, "password"), "[secret]");
  });

  it("lets a program's own error stand alone", async () => {
    const place = await project("broken", `throw new Error("the plan is wrong");`);
    const shown = await failing(place, "preview");
    assert.match(shown, /the plan is wrong/);
    assert.doesNotMatch(shown, /exit code/);
  });

  it("says how a program ended that said nothing", async () => {
    const place = await project("silent", `process.exit(3);`);
    assert.match(await failing(place, "preview"), /the program ended with exit code 3/);
  });

  it("runs a provider that is a Node program", async () => {
    const plugin = join(folder, "echo-plugin");
    await mkdir(plugin);
    await symlink(join(checkout, "node_modules"), join(plugin, "node_modules"));
    await writeFile(
      join(plugin, "PulumiPlugin.yaml"),
      "runtime:\n  name: nodejs\n  options: { typescript: false }\n",
    );
    await writeFile(join(plugin, "package.json"), JSON.stringify({ name: "echo", version: "1.0.0" }));
    await writeFile(
      join(plugin, "index.js"),
      `const { main } = require("@pulumi/pulumi/provider");
       main({
         version: "1.0.0",
         create: async (urn, inputs) => ({ id: "echo", outs: { heard: inputs.said } }),
       }, process.argv.slice(2));`,
    );
    const place = await project(
      "plugins",
      `import * as pulumi from "@pulumi/pulumi";
       class Echo extends pulumi.CustomResource {
         declare readonly heard: pulumi.Output<string>;
         constructor(name: string, said: string) {
           super("echo:index:Echo", name, { said, heard: undefined });
         }
       }
       export const heard = new Echo("it", "hello").heard;`,
      { plugins: { providers: [{ name: "echo", path: plugin }] } },
    );
    await pulumi(place, "up", "--yes", "--skip-preview");
    assert.equal(at(await outputs(place), "heard"), "hello");
  });

  it("ends, and its program with it, when the engine is killed", async () => {
    const note = join(folder, "program.pid");
    const patience = { seconds: 50, everyMilliseconds: 50 };
    const place = await project(
      "orphan",
      `import { writeFileSync } from "node:fs";
       writeFileSync(${JSON.stringify(note)}, [process.pid, process.ppid].join(" "));
       await new Promise((resolve) => setTimeout(resolve, 600_000));`,
    );
    const engine = spawn("pulumi", ["preview", "--non-interactive"], {
      cwd: place,
      env: { ...process.env, ...environment },
      stdio: "ignore",
    });
    const [program = 0, host = 0] = (
      await eventually("the program runs", () => readFile(note, "utf8"), patience)
    )
      .split(" ")
      .map(Number);
    await killed(engine);
    const ended = async (): Promise<void> => {
      assert.ok(!(await isRunning(program)) && !(await isRunning(host)), "they still run");
    };
    await eventually("host and program end", ended, patience);
  });
});

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
