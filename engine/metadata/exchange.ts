/** HTTP with people who may be hostile: what a request may take of time and room, and how it is read and answered. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface Asked {
  readonly method: string;
  /** Decoded, without the leading slash and one at the end. */
  readonly path: readonly string[];
  readonly query: string;
  readonly type: string;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly type?: "text/plain; charset=us-ascii" | "application/json";
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Limits {
  readonly bodyBytes: number;
  /** How long a request may take to come. */
  readonly requestMilliseconds: number;
  readonly connections: number;
  /** Of one address: no pod takes the service from the others. */
  readonly connectionsOfOne: number;
}

export function exchangeServer(
  limits: Limits,
  answer: (asked: Asked) => Answer | Promise<Answer>,
  warn: (text: string) => void,
): Server {
  const server = createServer(
    {
      headersTimeout: limits.requestMilliseconds,
      requestTimeout: limits.requestMilliseconds,
      connectionsCheckingInterval: Math.min(1000, limits.requestMilliseconds),
      keepAliveTimeout: 5000,
      maxHeaderSize: 16 << 10,
    },
    (request, response) => {
      exchange(request, response, limits, answer).catch((error: unknown) => {
        warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
        if (response.headersSent) response.destroy();
        else send(response, { status: 500, body: "this is a defect of the service\n" });
      });
    },
  );
  server.maxConnections = limits.connections;
  limitEach(server, limits.connectionsOfOne);
  return server;
}

function limitEach(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.on("connection", (socket) => {
    const { remoteAddress: from } = socket;
    if (from === undefined) return;
    const count = (open.get(from) ?? 0) + 1;
    open.set(from, count);
    socket.once("close", () => {
      const left = (open.get(from) ?? 1) - 1;
      if (left === 0) open.delete(from);
      else open.set(from, left);
    });
    if (count > most) socket.destroy();
  });
}

async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  { bodyBytes }: Limits,
  answer: (asked: Asked) => Answer | Promise<Answer>,
): Promise<void> {
  const [rawPath, query] = split(request.url ?? "", "?");
  const path = decodedPath(rawPath);
  if (path === undefined) {
    send(response, { status: 400, body: "the path is malformed\n" });
    return;
  }
  const body = await bodyOf(request, bodyBytes);
  if (body === "too large") {
    // Nothing more of it is read.
    response.once("finish", () => request.destroy());
    send(response, {
      status: 413,
      body: `more than ${bodyBytes} bytes are refused\n`,
      headers: { connection: "close" },
    });
    return;
  }
  // Whoever sent it is gone.
  if (body === undefined) return;
  const { method = "", headers } = request;
  send(response, await answer({ method, path, query, type: headers["content-type"] ?? "", body }));
}

async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | "too large" | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Breaking off must leave the connection to say why on.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      if (size > most) return "too large";
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, {
    "metadata-flavor": "AppContainer",
    "content-type": type ?? "text/plain; charset=us-ascii",
    ...headers,
  });
  response.end(body ?? "");
}

function decodedPath(path: string): readonly string[] | undefined {
  try {
    return path.replace(/^\//, "").replace(/\/$/, "").split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function split(text: string, at: string): readonly [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}
