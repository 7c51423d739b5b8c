import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import grpc from "@grpc/grpc-js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { reply } from "./toy.ts";

const PROGRAM = new URL("toy-program.ts", import.meta.url).pathname;

type Program = ChildProcessByStdio<null, Readable, null>;

/** Its first line, which the engine reads as the port. */
async function portOf(program: Program): Promise<number> {
  const [first] = (await once(program.stdout, "data")) as [Buffer];
  assert.match(first.toString(), /^\d+\n$/);
  return Number(first);
}

describe("a provider's process", () => {
  const programs: Program[] = [];
  afterEach(() => {
    for (const program of programs.splice(0)) program.kill("SIGKILL");
  });
  const start = (command: string, ...args: string[]): Program => {
    const program = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    programs.push(program);
    return program;
  };

  it("prints its port and nothing else, and serves there", async () => {
    const port = await portOf(start(process.execPath, PROGRAM));
    const client = new providerGrpc.ResourceProviderClient(
      `127.0.0.1:${port}`,
      grpc.credentials.createInsecure(),
    );
    const info = await reply<empty.Empty, pluginProto.PluginInfo>(
      client.getPluginInfo.bind(client),
      new empty.Empty(),
    );
    client.close();
    assert.equal(info.getVersion(), "1.2.3");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ends at once on ${signal}`, async () => {
      const program = start(process.execPath, PROGRAM);
      await portOf(program);
      program.kill(signal);
      assert.deepEqual(await once(program, "exit"), [0, null]);
    });
  }

  it("ends when its engine is killed, so that no orphan goes on writing", async () => {
    // The shell stands for the engine; the pipe closes only when the provider, too, is gone.
    const engine = start("sh", "-c", '"$0" "$1" & wait', process.execPath, PROGRAM);
    await portOf(engine);
    engine.kill("SIGKILL");
    await once(engine.stdout.resume(), "end");
  });
});
