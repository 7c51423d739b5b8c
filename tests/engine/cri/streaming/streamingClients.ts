/** Clients of the streaming server, of each kind. What they open is closed with them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import { SpdyTestClient } from "./spdy/client.ts";

export interface Upgraded {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly socket?: Duplex;
}

export interface Channels {
  readonly socket: WebSocket;
  readonly received: Map<number, string>;
  readonly closed: Promise<number>;
}

export class StreamingClients {
  readonly #open: { close(): unknown }[] = [];

  /** Closed with the clients. */
  keep(opened: { close(): unknown }): void {
    this.#open.push(opened);
  }

  close(): void {
    for (const each of this.#open.splice(0)) each.close();
  }

  async spdy(url: string, protocols: string): Promise<{ client: SpdyTestClient; protocol: unknown }> {
    const { socket, headers } = await upgrade(url, {
      upgrade: "SPDY/3.1",
      "x-stream-protocol-version": protocols,
    });
    assert.ok(socket, "the connection was not upgraded");
    const client = new SpdyTestClient(socket);
    this.#open.push(client);
    return { client, protocol: headers["x-stream-protocol-version"] };
  }

  async websocket(url: string, ...protocols: string[]): Promise<Channels> {
    const socket = new WebSocket(url.replace("http:", "ws:"), protocols);
    socket.binaryType = "arraybuffer";
    const received = new Map<number, string>();
    socket.addEventListener("message", ({ data }) => {
      const [channel, content] =
        data instanceof ArrayBuffer
          ? [new Uint8Array(data)[0] ?? -1, Buffer.from(data).toString("utf8", 1)]
          : [Number(String(data)[0]), Buffer.from(String(data).slice(1), "base64").toString()];
      received.set(channel, (received.get(channel) ?? "") + content);
    });
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener("close", ({ code }) => {
        resolve(code);
      });
    });
    this.#open.push(socket);
    await once(socket, "open");
    return { socket, received, closed };
  }
}

export async function upgrade(
  url: string,
  headers: Record<string, string>,
  method = "POST",
): Promise<Upgraded> {
  const sent = httpRequest(url, { method, headers: { connection: "Upgrade", ...headers } });
  sent.end();
  return await new Promise((resolve, reject) => {
    sent.once("error", reject);
    sent.once("upgrade", (reply, socket, head) => {
      socket.unshift(head);
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers, socket });
    });
    sent.once("response", (reply) => {
      reply.resume();
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers });
    });
  });
}

export async function streamsOf(client: SpdyTestClient, ...types: string[]): Promise<number[]> {
  const numbers: number[] = [];
  for (const streamtype of types) numbers.push(await client.open({ streamtype }));
  return numbers;
}
