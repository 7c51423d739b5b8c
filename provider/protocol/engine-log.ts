/** The engine's log service: how a provider's lines reach the user's screen. */
import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import type { Log } from "./resource.ts";

export class EngineLog {
  #client: engineGrpc.EngineClient | undefined;
  /** Lines are sent one after another so that they arrive in the order they were said. */
  #last: Promise<void> = Promise.resolve();

  constructor(address: string | undefined) {
    if (address !== undefined) this.connect(address);
  }

  connect(address: string): void {
    // The engine is on this machine, whatever proxy the environment names for the world outside.
    this.#client ??= new engineGrpc.EngineClient(address, grpc.credentials.createInsecure(), {
      "grpc.enable_http_proxy": 0,
    });
  }

  forResource(urn: string): Log {
    return {
      progress: (line) => {
        this.#say(engineProto.LogSeverity.INFO, line, urn, true);
      },
      info: (line) => {
        this.#say(engineProto.LogSeverity.INFO, line, urn, false);
      },
      warning: (line) => {
        this.#say(engineProto.LogSeverity.WARNING, line, urn, false);
      },
    };
  }

  /** Resolves when all that was said has been handed to the engine. */
  async flushed(): Promise<void> {
    await this.#last;
  }

  #say(
    severity: engineProto.LogRequest["setSeverity"] extends (value: infer S) => unknown ? S : never,
    line: string,
    urn: string,
    passing: boolean,
  ): void {
    const client = this.#client;
    if (client === undefined) {
      process.stderr.write(`${line}\n`);
      return;
    }
    const request = new engineProto.LogRequest();
    request.setSeverity(severity);
    request.setMessage(line);
    request.setUrn(urn);
    request.setEphemeral(passing);
    this.#last = this.#last.then(
      () =>
        new Promise((resolve) => {
          client.log(request, (error: Error | null) => {
            // The engine is gone or going: the line has no screen left to go to but the provider's own.
            if (error) process.stderr.write(`${line}\n`);
            resolve();
          });
        }),
    );
  }
}
