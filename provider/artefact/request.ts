/** One HTTP request for bytes, with redirects followed. */
import http from "node:http";
import https from "node:https";
import { Fault } from "../../errors/fault.ts";

/** What may go better when it is tried again. */
export class Interruption extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "Interruption";
  }
}

export interface RequestOptions {
  /** Bytes that are there already. */
  readonly from: number;
  /** How long nothing may come. */
  readonly idleMilliseconds: number;
  readonly signal: AbortSignal;
}

export interface Reply {
  readonly body: http.IncomingMessage;
  /** Where in the whole the body begins: 0 when the server does not resume. */
  readonly from: number;
  /** Size of the whole, when the server says it. */
  readonly size: number | undefined;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 10;
/** The server, or one before it, is overloaded or away for a moment. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

export async function request(address: string, options: RequestOptions): Promise<Reply> {
  let url = new URL(address);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const body = await send(url, options);
    const status = body.statusCode ?? 0;
    if (status === 200) return { body, from: 0, size: sizeOf(body.headers["content-length"]) };
    if (status === 206) return partOf(body);
    body.destroy();
    if (REDIRECTS.has(status)) url = redirected(url, body.headers.location);
    // More is here than the server has: the part is of something else.
    else if (status === 416 && options.from > 0) return request(address, { ...options, from: 0 });
    else if (PASSING.has(status)) throw new Interruption(`${shown(url)} answered ${status}`);
    else throw refusal(url, `it answered ${status} ${http.STATUS_CODES[status] ?? ""}`.trimEnd());
  }
  throw refusal(new URL(address), `it redirects more than ${MOST_REDIRECTS} times`);
}

async function send(
  url: URL,
  { from, idleMilliseconds, signal }: RequestOptions,
): Promise<http.IncomingMessage> {
  const { Agent, request: open } = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const sent = open(url, {
      // HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case.
      agent: new Agent({ proxyEnv: process.env }),
      headers: { "accept-encoding": "identity", ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal,
    });
    let body: http.IncomingMessage | undefined;
    sent.setTimeout(idleMilliseconds, () => {
      const silence = new Interruption(`nothing came from ${shown(url)} for ${idleMilliseconds / 1000} s`);
      (body ?? sent).destroy(silence);
    });
    sent.once("response", (response) => {
      body = response;
      resolve(response);
    });
    // Stays: what breaks after the response is told by its body too, and must not go unheard here.
    sent.on("error", (error) => {
      reject(signal.aborted || error instanceof Interruption ? error : failure(url, error));
    });
    sent.end();
  });
}

/** A server whose identity cannot be verified is not tried again; it would not be another one. */
function failure(url: URL, error: Error): Error {
  const code = "code" in error ? String(error.code) : "";
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/.test(code)) {
    return new Fault({
      what: "the server's certificate is not trusted",
      where: shown(url),
      cause: error,
      remedy: "set NODE_EXTRA_CA_CERTS to the authority's certificate, or correct the artefact's url",
    });
  }
  return new Interruption(`${shown(url)}: ${error.message === "" ? code : error.message}`, error);
}

function partOf(body: http.IncomingMessage): Reply {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(body.headers["content-range"] ?? "");
  if (range === null) throw new Interruption("the server sent a part without saying which");
  return { body, from: Number(range[1]), size: sizeOf(range[2]) };
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function redirected(from: URL, location: string | undefined): URL {
  const to = location === undefined ? null : URL.parse(location, from.href);
  if (to === null) throw refusal(from, "it redirects to nowhere");
  if (!/^https?:$/.test(to.protocol)) throw refusal(from, `it redirects to ${to.protocol}`);
  return to;
}

function refusal(url: URL, what: string): Fault {
  return new Fault({
    what: `cannot be fetched: ${what}`,
    where: shown(url),
    remedy: "correct the artefact's url, or choose another source for it (build, file)",
  });
}

/** Without a user, a password and a query, any of which may be a secret. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
