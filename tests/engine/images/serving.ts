/** A web server on loopback for one test: honest unless the test says otherwise, request by request. */
import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecured } from "node:https";
import "reflect-metadata";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly headers: IncomingMessage["headers"];
}

export class WebServer {
  readonly seen: SeenRequest[] = [];
  readonly origin: string;
  readonly host: string;
  readonly #server: Server;
  #next: Answer[] = [];

  private constructor(server: Server, scheme: string, answer: Answer) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    this.#server = server;
    this.host = `127.0.0.1:${address.port}`;
    this.origin = `${scheme}://${this.host}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const { method = "", url = "", headers } = request;
      this.seen.push({ method, url, authorization: headers.authorization, range: headers.range, headers });
      (this.#next.shift() ?? answer)(request, response);
    });
  }

  static async start(answer: Answer, identity?: Identity): Promise<WebServer> {
    const server: Server = identity === undefined ? createPlain() : createSecured(identity);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new WebServer(server, identity === undefined ? "http" : "https", answer);
  }

  /** What is answered to the next requests, one each, before the server is honest again. */
  willFirst(...answers: Answer[]): void {
    this.#next = answers;
  }

  get paths(): string[] {
    return this.seen.map(({ method, url }) => `${method} ${url}`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** A certificate for 127.0.0.1, and other names, that vouches for itself. */
export async function makeIdentity(...names: string[]): Promise<Identity> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=a server of a test",
    keys,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        ...names.map((value) => ({ type: "dns" as const, value })),
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)?.join("\n") ?? ""}\n-----END PRIVATE KEY-----\n`;
  return { key, cert: certificate.toString("pem") };
}

export function answers(
  status: number,
  headers: Record<string, string> = {},
  body: string | Buffer = "",
): Answer {
  return (_request, response) => response.writeHead(status, headers).end(body);
}

/** Bytes as a good server gives them: by range, by version, or not at all when the version is known. */
export function serves(bytes: Buffer, headers: Record<string, string> = {}): Answer {
  return (request, response) => {
    const { etag } = headers;
    if (etag !== undefined && request.headers["if-none-match"] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const condition = request.headers["if-range"];
    const mayContinue = condition === undefined || condition === etag;
    const from = mayContinue ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
    if (from > 0 && from >= bytes.length) response.writeHead(416).end();
    else if (from > 0) {
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { ...headers, "content-range": range, "content-length": bytes.length - from });
      response.end(request.method === "HEAD" ? undefined : bytes.subarray(from));
    } else {
      response.writeHead(200, { ...headers, "content-length": bytes.length });
      response.end(request.method === "HEAD" ? undefined : bytes);
    }
  };
}

/**
 * The beginning, as if all were to come; then the connection breaks. What the client has buffered by then is lost to
 * it: a beginning of several times 64 KiB is sure to leave something.
 */
export function breaksOffAt(count: number, bytes: Buffer, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { ...headers, "content-length": bytes.length });
    response.write(bytes.subarray(0, count), () => response.socket?.destroySoon());
  };
}

/** The beginning, and then nothing for ever. */
export function stallsAt(count: number, bytes: Buffer, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { ...headers, "content-length": bytes.length });
    response.write(bytes.subarray(0, count));
  };
}
