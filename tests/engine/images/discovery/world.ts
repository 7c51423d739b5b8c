/** A web of its own for a test: every host there is, behind a proxy, as the engine finds it by HTTPS_PROXY. */
import { createServer, request as ask, type Server } from "node:http";
import { connect } from "node:net";
import { answers, makeIdentity, WebServer, type Answer, type Identity } from "../serving.ts";

const variables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"] as const;

export class World {
  /** By URL without its query; what is not there answers 404. */
  readonly pages = new Map<string, Answer>();
  readonly identity: Identity;
  readonly #secured: WebServer;
  readonly #plain: WebServer;
  readonly #proxy: Server;
  readonly #before: Map<string, string | undefined>;
  readonly #hosts: readonly string[];

  private constructor(
    identity: Identity,
    hosts: readonly string[],
    secured: WebServer,
    plain: WebServer,
    proxy: Server,
  ) {
    this.identity = identity;
    this.#hosts = hosts;
    this.#secured = secured;
    this.#plain = plain;
    this.#proxy = proxy;
    this.#before = new Map(variables.map((name) => [name, process.env[name]]));
  }

  static async create(...hosts: string[]): Promise<World> {
    const identity = await makeIdentity(...hosts);
    // The servers ask the world, which is there by the time that anybody asks them.
    const made: { world?: World } = {};
    const answer =
      (scheme: string): Answer =>
      (request, response) => {
        const path = (request.url ?? "").replace(/\?.*$/, "");
        const page = made.world?.pages.get(`${scheme}://${request.headers.host ?? ""}${path}`);
        (page ?? answers(404))(request, response);
      };
    const secured = await WebServer.start(answer("https"), identity);
    const plain = await WebServer.start(answer("http"));
    const proxy = createServer();
    const world = new World(identity, hosts, secured, plain, proxy);
    made.world = world;
    proxy.on("connect", (request, client) => {
      const [host = "", port] = (request.url ?? "").split(":");
      if (!world.#hosts.includes(host) || port !== "443")
        return void client.end("HTTP/1.1 502 No such host\r\n\r\n");
      const server = connect(Number(secured.host.split(":")[1]), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connected\r\n\r\n");
        server.pipe(client);
        client.pipe(server);
      });
      server.on("error", () => client.destroy());
      client.on("error", () => server.destroy());
    });
    proxy.on("request", (request, response) => {
      const url = URL.parse(request.url ?? "");
      if (url === null || !world.#hosts.includes(url.hostname)) return void response.writeHead(502).end();
      const { method, headers } = request;
      const options = {
        method,
        headers: { ...headers, host: url.host },
        path: `${url.pathname}${url.search}`,
      };
      ask(plain.origin, options, (reply) => {
        response.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(response);
      }).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const address = proxy.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    for (const name of variables)
      process.env[name] = /no/i.test(name) ? "" : `http://127.0.0.1:${address.port}`;
    return world;
  }

  get asked(): string[] {
    const of = (server: WebServer, scheme: string): string[] =>
      server.seen.map(({ method, url, headers }) => `${method} ${scheme}://${headers.host ?? ""}${url}`);
    return [...of(this.#secured, "https"), ...of(this.#plain, "http")];
  }

  get authorizations(): (string | undefined)[] {
    return [...this.#secured.seen, ...this.#plain.seen].map(({ authorization }) => authorization);
  }

  async end(): Promise<void> {
    for (const [name, value] of this.#before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    this.#proxy.closeAllConnections();
    this.#proxy.close();
    await Promise.all([this.#secured.stop(), this.#plain.stop()]);
  }
}
