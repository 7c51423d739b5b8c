/** A client of CRI over a socket, typed by the same tables as the server. */
import grpc from "@grpc/grpc-js";
import type { MessageType } from "../../../engine/cri/protobuf/message.ts";

export class CriClient {
  readonly #client: grpc.Client;

  constructor(socket: string) {
    this.#client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  /** Calls with what a client writes, and gives what it reads. */
  call<Request, Reply>(
    path: string,
    types: {
      readonly request: MessageType<unknown, Request>;
      readonly reply: MessageType<Reply, unknown>;
    },
    request: Request,
    options: grpc.CallOptions = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/runtime.v1.${path}`,
        (value: Request) => types.request.encode(value),
        (bytes: Buffer) => types.reply.decode(bytes),
        request,
        new grpc.Metadata(),
        options,
        (error, reply) => {
          if (error !== null) reject(error);
          else if (reply === undefined) reject(new Error("there was no reply"));
          else resolve(reply);
        },
      );
    });
  }
}
