import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type {
  CommandEnd,
  CommandStreams,
  TerminalSize,
} from "../../../../../engine/cri/streaming/command/commandStreams.ts";
import { connectProcess } from "../../../../../engine/cri/streaming/command/connectProcess.ts";

interface Ran {
  readonly end: CommandEnd;
  readonly stdout: string;
  readonly stderr: string;
}

/** A client whose streams are a test's. */
class Client {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly #given = new AbortController();
  #said = { stdout: "", stderr: "" };

  constructor() {
    for (const name of ["stdout", "stderr"] as const) {
      this[name].on("data", (chunk: Buffer) => (this.#said[name] += String(chunk)));
    }
  }

  leave(): void {
    this.#given.abort(new Error("the client has gone"));
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#said.stdout))
      await new Promise((resolve) => this.stdout.once("data", resolve));
  }

  /** In a terminal that gets these sizes, or without one. */
  async run(script: string, sizes?: readonly TerminalSize[]): Promise<Ran> {
    const { stdin, stdout, stderr } = this;
    const tty = sizes !== undefined;
    const streams: CommandStreams = {
      stdin,
      stdout,
      ...(tty ? {} : { stderr }),
      sizes: inTurn(sizes ?? []),
      signal: this.#given.signal,
      finish: () => Promise.resolve(),
    };
    const end = await connectProcess({ words: ["sh", "-c", script], tty }, streams);
    return { end, ...this.#said };
  }
}

async function* inTurn(sizes: readonly TerminalSize[]): AsyncGenerator<TerminalSize> {
  for (const size of sizes) yield await Promise.resolve(size);
}

describe("a program that is connected with a client", () => {
  it("hears what the client says, and is heard on both outputs", async () => {
    const client = new Client();
    client.stdin.end("hello");
    assert.deepEqual(await client.run("cat; echo oops >&2"), {
      end: { exitCode: 0 },
      stdout: "hello",
      stderr: "oops\n",
    });
  });

  it("ends with its own code, or with that of its signal", async () => {
    assert.deepEqual((await new Client().run("exit 7")).end, { exitCode: 7 });
    assert.deepEqual((await new Client().run("kill -TERM $$")).end, { exitCode: 143 });
  });

  it("is told of when it cannot be run", async () => {
    const client = new Client();
    const { stdin, stdout } = client;
    const signal = new AbortController().signal;
    const streams = { stdin, stdout, sizes: inTurn([]), signal, finish: () => Promise.resolve() };
    const end = await connectProcess({ words: ["/no/such/program"], tty: false }, streams);
    assert.match("failure" in end ? end.failure : "", /ENOENT/);
  });

  it("need not listen to all that the client says", async () => {
    const client = new Client();
    client.stdin.write(Buffer.alloc(1 << 20));
    assert.deepEqual((await client.run("head -c 1 >/dev/null; echo enough")).stdout, "enough\n");
  });

  it("says all of it, however long it takes the client to hear", async () => {
    const { stdout } = await new Client().run("head -c 3000000 /dev/zero | tr '\\0' x");
    assert.equal(stdout.length, 3_000_000);
  });

  it("gets a hangup when the client goes", async () => {
    const client = new Client();
    const ran = client.run("trap 'exit 5' HUP; echo ready; while :; do sleep 0.05; done");
    await client.until(/ready/);
    client.leave();
    assert.deepEqual((await ran).end, { exitCode: 5 });
  });

  it("has a terminal where the client wants one", async () => {
    const client = new Client();
    client.stdin.end();
    const { end, stdout } = await client.run("test -t 0 && test -t 1 && echo 'a terminal'; exit 3", []);
    assert.deepEqual([end, stdout], [{ exitCode: 3 }, "a terminal\r\n"]);
  });

  it("sees its terminal become as large as the client's", async () => {
    const sizes = [
      { width: 91, height: 33 },
      { width: 92, height: 34 },
    ];
    const { end } = await new Client().run('until [ "$(stty size)" = "34 92" ]; do sleep 0.05; done', sizes);
    assert.deepEqual(end, { exitCode: 0 });
  });
});
