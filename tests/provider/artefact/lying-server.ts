/** A web server on loopback that behaves as a test tells it to, request by request. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export class LyingServer {
  readonly #server = createServer((request, response) => {
    this.requests.push({ url: request.url ?? "", range: request.headers.range });
    (this.#behaviours.shift() ?? this.#last)(request, response);
  });
  #behaviours: Behaviour[] = [];
  #last: Behaviour = (_request, response) => response.writeHead(500).end();
  readonly requests: { url: string; range: string | undefined }[] = [];

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return address.port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}/${path}`;
  }

  /** One behaviour for each request; the last is for all that come after. */
  will(...behaviours: Behaviour[]): void {
    this.requests.length = 0;
    this.#behaviours = behaviours;
    this.#last = behaviours.at(-1) ?? this.#last;
  }
}

/** An honest server, which resumes when it is asked to. */
export function serves(bytes: Buffer): Behaviour {
  return ({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    if (from === 0) response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    else if (from >= bytes.length) response.writeHead(416).end();
    else {
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { "content-range": range, "content-length": bytes.length - from });
      response.end(bytes.subarray(from));
    }
  };
}

/** The beginning, as if all were to come; then the connection breaks. */
export function breaksOffAt(count: number, bytes: Buffer): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, count), () => response.socket?.destroySoon());
  };
}

/** The beginning, and then nothing for ever. */
export function stallsAt(count: number, bytes: Buffer): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, count));
  };
}

export function answers(status: number, headers: Record<string, string> = {}): Behaviour {
  return (_request, response) => response.writeHead(status, headers).end();
}
