/** A small REST client for the API server: one keep-alive agent, JSON in and out, streams for watches. */
import http from "node:http";
import https from "node:https";
import { parseJson, type Json } from "./json.ts";
import type { ClusterAccess } from "./access.ts";
import { Refusal, Unreachable } from "./failure.ts";

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal: AbortSignal;
}

/** A server that says nothing at all for so long is as good as gone. */
const CONNECT_TIMEOUT_MS = 10_000;
const MOST_SOCKETS = 64;

export class ApiClient {
  readonly server: URL;
  readonly #agent: http.Agent;
  readonly #transport: typeof http | typeof https;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(access: ClusterAccess) {
    this.server = access.server;
    const pool = { keepAlive: true, maxSockets: MOST_SOCKETS, scheduling: "lifo" } as const;
    if (access.server.protocol === "https:") {
      this.#transport = https;
      this.#agent = new https.Agent({
        ...pool,
        ca: access.authority,
        cert: access.clientCertificate,
        key: access.clientKey,
        servername: access.serverName,
        rejectUnauthorized: !access.insecure,
      });
    } else {
      this.#transport = http;
      this.#agent = new http.Agent(pool);
    }
    this.#headers = { "user-agent": "rktnetes", ...credentials(access) };
  }

  async json(path: string, options: RequestOptions): Promise<Json> {
    const response = await this.open(path, options);
    const body = await textOf(response, this.server);
    return parseJson(body);
  }

  /** The response once its head has come; anything but success is thrown. */
  async open(path: string, options: RequestOptions): Promise<http.IncomingMessage> {
    const response = await this.#send(path, options);
    const code = response.statusCode ?? 0;
    if (code >= 200 && code < 300) return response;
    throw Refusal.from(code, await textOf(response, this.server), response.headers["retry-after"]);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, options: RequestOptions): Promise<http.IncomingMessage> {
    options.signal.throwIfAborted();
    const url = new URL(joined(this.server, path));
    for (const [key, value] of Object.entries(options.query ?? {})) url.searchParams.set(key, value);
    const payload = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    const headers: Record<string, string | number> = {
      ...this.#headers,
      accept: options.accept ?? "application/json",
      ...(payload === undefined
        ? {}
        : { "content-type": options.contentType ?? "application/json", "content-length": payload.length }),
    };
    return new Promise((resolve, reject) => {
      const request = this.#transport.request(
        url,
        { method: options.method ?? "GET", agent: this.#agent, headers, signal: options.signal },
        resolve,
      );
      const connecting = setTimeout(() => {
        request.destroy(new Error("no connection within 10 seconds"));
      }, CONNECT_TIMEOUT_MS);
      const connected = (): void => {
        clearTimeout(connecting);
      };
      request.once("socket", (socket) => {
        if (socket.connecting)
          socket.once(this.#transport === https ? "secureConnect" : "connect", connected);
        else connected();
      });
      request.once("close", connected);
      request.once("error", (error) => {
        connected();
        reject(options.signal.aborted ? abortReason(options.signal) : new Unreachable(this.server, error));
      });
      request.end(payload);
    });
  }
}

export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error("the operation was interrupted");
}

async function textOf(response: http.IncomingMessage, server: URL): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch (error) {
    throw new Unreachable(server, error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A server may lie below a path, as behind a proxy. */
function joined(server: URL, path: string): string {
  return `${server.origin}${server.pathname.replace(/\/$/, "")}${path}`;
}

function credentials(access: ClusterAccess): Record<string, string> {
  if (access.token !== undefined) return { authorization: `Bearer ${access.token}` };
  if (access.basic === undefined) return {};
  const pair = `${access.basic.username}:${access.basic.password}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}
