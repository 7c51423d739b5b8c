/** The two programs of attaching, with a shell in crun's place. */
import assert from "node:assert/strict";
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../../commands/program.ts";
import { eventually } from "../../support/await.ts";
import { runProcess, succeeded } from "../../support/process.ts";

/** Starts what the bundle has to run and leaves it alone, as `crun run --detach` does. */
const standIn = `#!/bin/sh
while [ "$1" != --bundle ]; do shift; done
exec 3<&0
sh "$2/app" <&3 3<&- &
exit 0
`;

const soon = { seconds: 20, everyMilliseconds: 50 };

describe("the multiplexer of an app's streams", function () {
  this.timeout(60_000);
  let folder: string;
  let count = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "multiplexer-"));
    await writeFile(join(folder, "crun"), standIn);
    await chmod(join(folder, "crun"), 0o755);
    const compile = async (name: string, ...flags: readonly string[]): Promise<void> => {
      const source = join(PROJECT, "stage1/attaching", `${name}.c`);
      succeeded(await runProcess("cc", [...flags, "-O1", "-o", join(folder, name), source]), name);
    };
    await compile("multiplex", `-DCRUN="${folder}/crun"`);
    await compile("attach");
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a script as an app whose streams are those letters; gives its bundle. */
  async function start(letters: string, script: string): Promise<string> {
    const name = `app${(count += 1)}`;
    const bundle = join(folder, "oci", name);
    await mkdir(bundle, { recursive: true });
    await writeFile(join(bundle, "streams"), letters);
    await writeFile(join(bundle, "app"), script);
    const words = ["--root", join(folder, "oci/.crun"), "run", "--bundle", bundle, name];
    succeeded(await runProcess(join(folder, "multiplex"), words), "multiplex");
    return bundle;
  }

  function attach(bundle: string, streams: string): Attached {
    return new Attached(spawn(join(folder, "attach"), [bundle, streams]));
  }

  it("carries input, output and errors, and ends with the app", async () => {
    const bundle = await start("ppp", 'read -r line; echo "got $line"; echo trouble >&2; exit 3');
    const attached = attach(bundle, "ioe");
    attached.type("hello\n");
    assert.equal(await attached.code, 0);
    assert.equal(attached.output, "got hello\n");
    assert.equal(attached.errors, "trouble\n");
  });

  it("shows several the same, and does not mind when one is killed", async () => {
    const bundle = await start("ppn", "while read -r line; do echo $line; done");
    const [one, two] = [attach(bundle, "o"), attach(bundle, "o")];
    const typist = attach(bundle, "iz");
    await eventually(
      "both hear",
      async () => {
        typist.type("again\n");
        await one.heard(/again/);
        await two.heard(/again/);
      },
      soon,
    );
    one.process.kill("SIGKILL");
    await one.code;
    typist.type("last\n");
    typist.end();
    assert.equal(await two.code, 0);
    assert.match(two.output, /last\n$/);
  });

  it("ends the app's input with that of the last who means it, and with nobody else's", async () => {
    const bundle = await start("ppn", "cat; echo over");
    const watching = attach(bundle, "o");
    const [careless, first, second] = [attach(bundle, "i"), attach(bundle, "iz"), attach(bundle, "iz")];
    for (const [name, each] of Object.entries({ careless, first, second })) {
      await eventually(
        `${name} is heard`,
        () => {
          each.type(`${name}\n`);
          return watching.heard(new RegExp(name));
        },
        soon,
      );
    }
    careless.end();
    first.end();
    await eventually(
      "the second is heard still",
      () => (second.type("still\n"), watching.heard(/still/)),
      soon,
    );
    assert.equal(watching.output.includes("over"), false);
    second.end();
    assert.equal(await watching.code, 0);
    assert.match(watching.output, /still\nover\n$/);
  });

  it("goes on without a reader that has stopped, and tells it what it has lost", async () => {
    const [go, done] = [join(folder, "go"), join(folder, "done")];
    const ticks = (until: string): string => `until [ -e ${until} ]; do echo tick; sleep 0.05; done`;
    const bundle = await start("npn", `${ticks(go)}; head -c 4000000 /dev/zero; ${ticks(done)}`);
    const [quick, stopped] = [attach(bundle, "o"), attach(bundle, "o")];
    await eventually("both hear", () => Promise.all([quick.heard(/tick/), stopped.heard(/tick/)]), soon);
    stopped.process.kill("SIGSTOP");
    await writeFile(go, "");
    await eventually("the quick one has all", () => quick.heard(/\0tick/), soon);
    assert.equal(zeros(quick.output), 4_000_000);
    stopped.process.kill("SIGCONT");
    await eventually(
      "the other one is told",
      () => stopped.complained(/ bytes of the app's were not read/),
      soon,
    );
    await writeFile(done, "");
    assert.deepEqual([await quick.code, await stopped.code], [0, 0]);
    assert.ok(zeros(stopped.output) < 4_000_000);
    assert.match(stopped.output, /tick\n$/);
  });

  it("says that nobody can be attached to once the app has ended", async () => {
    const bundle = await start("npn", "true");
    await eventually(
      "the multiplexer has ended",
      async () => {
        const late = attach(bundle, "o");
        assert.equal(await late.code, 254);
        assert.match(late.errors, /has not started yet, or has ended/);
      },
      soon,
    );
  });
});

function zeros(text: string): number {
  return text.length - text.replaceAll("\0", "").length;
}

/** A running `attach`, and what it has written. */
class Attached {
  readonly process: ChildProcessWithoutNullStreams;
  readonly code: Promise<number | null>;
  output = "";
  errors = "";

  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    process.stdout.setEncoding("latin1").on("data", (text: string) => (this.output += text));
    process.stderr.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    process.stdin.on("error", () => undefined);
    this.code = new Promise((resolve) => process.on("close", resolve));
  }

  heard(what: RegExp): Promise<void> {
    assert.ok(what.test(this.output), `${this.output.length} bytes came`);
    return Promise.resolve();
  }

  complained(what: RegExp): Promise<void> {
    assert.match(this.errors, what);
    return Promise.resolve();
  }

  type(text: string): void {
    this.process.stdin.write(text);
  }

  end(): void {
    this.process.stdin.end();
  }
}
