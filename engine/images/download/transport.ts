/**
 * One HTTP request at a time over kept connections, with redirects followed by the rules of this engine: no credential
 * leaves the host it is for, and nothing that began under TLS goes on without it unless the person allowed that.
 */
import http from "node:http";
import https from "node:https";
import { Fault } from "../../../errors/fault.ts";
import { Interruption } from "./interruption.ts";
import { explainFailure } from "./failure.ts";
import { shownUrl } from "./shownUrl.ts";
import { authoritiesOfHost } from "./authorities.ts";

export interface TransportOptions {
  /** `--insecure-options=tls`: any certificate will do. */
  readonly anyCertificate: boolean;
  /** `--insecure-options=http`: plain HTTP may be redirected to. */
  readonly plainHttp: boolean;
  readonly idleMilliseconds: number;
  readonly userAgent: string;
  /** Certificates of authorities in PEM; those that this host trusts, unless a caller knows better. */
  readonly authorities?: readonly string[];
}

export interface Wish {
  readonly url: URL;
  readonly method?: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * What proves who asks. Asked for again at each hop on the host that was wished for (a signature covers the path);
   * never sent to another one.
   */
  readonly credentials?: (url: URL, method: string) => Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: http.IncomingMessage;
  /** Where it came from in the end. */
  readonly url: URL;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 10;
const LARGEST_HEADERS = 64 << 10;
/** With HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case. */
const agentOptions = { keepAlive: true, maxSockets: 8, proxyEnv: process.env };

export class Transport {
  readonly #options: TransportOptions;
  readonly #plain: http.Agent;
  #secured: https.Agent | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#plain = new http.Agent(agentOptions);
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.#plain.destroy();
    this.#secured?.destroy();
  }

  /** Made when it is needed: the host's authorities are a large file. */
  #securedAgent(): https.Agent {
    const { anyCertificate, authorities = authoritiesOfHost() } = this.#options;
    this.#secured ??= new https.Agent({
      ...agentOptions,
      rejectUnauthorized: !anyCertificate,
      ...(authorities !== undefined && { ca: [...authorities] }),
    });
    return this.#secured;
  }

  /** The last reply, whatever its status; a body that is not read must be destroyed by the caller. */
  async send(wish: Wish): Promise<Reply> {
    let url = wish.url;
    let strayed = false;
    for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
      strayed ||= url.origin !== wish.url.origin;
      const method = wish.method ?? "GET";
      const proof = strayed ? {} : (wish.credentials?.(url, method) ?? {});
      const body = await this.#sendOnce(url, method, { ...wish.headers, ...proof }, wish);
      const status = body.statusCode ?? 0;
      if (!redirects.has(status)) return { status, headers: body.headers, body, url };
      body.destroy();
      if (method === "POST")
        throw new Fault({ what: "the server redirects what was posted", where: shownUrl(url) });
      url = this.#redirected(url, body.headers.location);
    }
    throw new Fault({ what: `redirects more than ${MOST_REDIRECTS} times`, where: shownUrl(wish.url) });
  }

  #redirected(from: URL, location: string | undefined): URL {
    const to = location === undefined ? null : URL.parse(location, from.href);
    if (to === null) throw new Fault({ what: "redirects to nowhere", where: shownUrl(from) });
    if (to.protocol === "https:") return to;
    if (to.protocol !== "http:") {
      throw new Fault({ what: `redirects to ${to.protocol}`, where: shownUrl(from), allowed: "https" });
    }
    if (from.protocol === "http:" || this.#options.plainHttp) return to;
    throw new Fault({
      what: "redirects from HTTPS to plain HTTP",
      where: shownUrl(from),
      got: shownUrl(to),
      allowed: "https",
      remedy: "if that network is yours, allow it with --insecure-options=http",
    });
  }

  #sendOnce(
    url: URL,
    method: string,
    headers: Readonly<Record<string, string>>,
    { body, signal }: Wish,
  ): Promise<http.IncomingMessage> {
    const secured = url.protocol === "https:";
    const { idleMilliseconds, userAgent } = this.#options;
    return new Promise((resolve, reject) => {
      const sent = (secured ? https : http).request(url, {
        method,
        agent: secured ? this.#securedAgent() : this.#plain,
        headers: {
          "user-agent": userAgent,
          "accept-encoding": "identity",
          ...headers,
          ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
        },
        maxHeaderSize: LARGEST_HEADERS,
        ...(signal !== undefined && { signal }),
      });
      let reply: http.IncomingMessage | undefined;
      sent.setTimeout(idleMilliseconds, () => {
        const silence = new Interruption(`nothing came from ${url.host} for ${idleMilliseconds / 1000} s`);
        (reply ?? sent).destroy(silence);
      });
      sent.once("response", (response) => {
        reply = response;
        resolve(response);
      });
      // Stays: what breaks after the response is told by its body too, and must not go unheard here.
      sent.on("error", (error) => {
        const given = signal?.aborted === true || error instanceof Interruption;
        reject(given ? error : explainFailure(url, method, error));
      });
      sent.end(body);
    });
  }
}
