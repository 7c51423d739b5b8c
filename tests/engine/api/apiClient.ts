/** A client that knows the API from its .proto file alone, by somebody else's library. */
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { z } from "zod";
import { PROJECT } from "../../docs/markdown.ts";

const proto = loadSync(join(PROJECT, "engine/api/public_api.proto"), {
  keepCase: true,
  longs: String,
  enums: String,
  bytes: String,
  defaults: true,
});

const streamed = z.object({ lines: z.array(z.string()) });

export class ApiClient {
  readonly #client: grpc.Client;

  constructor(port: number, host = "127.0.0.1") {
    this.#client = new grpc.Client(`${host}:${port}`, grpc.credentials.createInsecure(), {
      "grpc.enable_http_proxy": 0,
    });
  }

  close(): void {
    this.#client.close();
  }

  /** The reply, parsed; rejects with gRPC's error. */
  async ask<Reply>(method: string, request: object, reply: z.ZodType<Reply>): Promise<Reply> {
    const { path, requestSerialize, responseDeserialize } = definitionOf(method);
    return new Promise((resolve, reject) => {
      const done = (error: grpc.ServiceError | null, answered: unknown): void => {
        if (error === null) resolve(reply.parse(answered));
        else reject(error);
      };
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done);
    });
  }

  /** Lines of a log as they come, for as long as somebody takes them. */
  async *lines(request: object): AsyncGenerator<readonly string[]> {
    const { path, requestSerialize, responseDeserialize } = definitionOf("GetLogs");
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
    try {
      for await (const reply of call) yield streamed.parse(reply).lines;
    } finally {
      // Whoever has enough says so.
      call.cancel();
    }
  }

  /** Bytes that need be no message. */
  async send(method: string, bytes: Buffer): Promise<unknown> {
    const { path, responseDeserialize } = definitionOf(method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        (given: Buffer) => given,
        responseDeserialize,
        bytes,
        (error: grpc.ServiceError | null, answered: unknown) => {
          if (error === null) resolve(answered);
          else reject(error);
        },
      );
    });
  }
}

function definitionOf(method: string): grpc.MethodDefinition<object, object> {
  const service = proto["v1alpha.PublicAPI"];
  if (service === undefined || !isService(service)) throw new Error("the service is not in the file");
  const found = service[method];
  if (found === undefined) throw new Error(`there is no method ${method}`);
  return found;
}

function isService(
  definition: (typeof proto)[string],
): definition is Record<string, grpc.MethodDefinition<object, object>> & typeof definition {
  return !("format" in definition);
}
