/** Serves exec, attach and port-forward to whoever brings a token that the CRI server gave out. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf } from "../../../errors/fault.ts";
import type { Report } from "../../context.ts";
import { listen } from "../../services/listen.ts";
import type { AttachRequest, ExecRequest, PortForwardRequest } from "../api/streams.ts";
import { CriFault } from "../server/CriFault.ts";
import { channelProtocols, plainChannels } from "./command/channels.ts";
import type { CommandEnd, CommandStreams, WantedStreams } from "./command/commandStreams.ts";
import { commandOverSpdy, spdyCommandProtocols } from "./command/overSpdy.ts";
import { commandOverWebSocket } from "./command/overWebSocket.ts";
import { forwardPorts, portForwardProtocol } from "./portForward/forwardPorts.ts";
import { Tokens } from "./tokens.ts";
import { acceptSpdy, acceptWebSocket, isSpdyRequest, refuse } from "./upgrades.ts";
import { isWebSocketRequest, offeredProtocols } from "./websocket/handshake.ts";
import { tunnelThrough } from "./websocket/tunnel.ts";
import { WebSocketConnection } from "./websocket/WebSocketConnection.ts";

/** What is behind the streams. */
export interface StreamingRuntime {
  exec(request: ExecRequest, streams: CommandStreams): Promise<CommandEnd>;
  attach(request: AttachRequest, streams: CommandStreams): Promise<CommandEnd>;
  portForward(podSandboxId: string, port: number, stream: Duplex, signal: AbortSignal): Promise<void>;
}

type Asked =
  | { readonly kind: "exec"; readonly request: ExecRequest }
  | { readonly kind: "attach"; readonly request: AttachRequest }
  | { readonly kind: "portforward"; readonly request: PortForwardRequest };

const limits = { idleMilliseconds: 4 * 3_600_000, openingMilliseconds: 30_000, mostStreams: 1000 };
/** SPDY within a WebSocket, for clients behind what knows no SPDY. */
const tunnelProtocol = `SPDY/3.1+${portForwardProtocol}`;

export class StreamingServer {
  readonly #tokens = new Tokens<Asked>();
  readonly #runtime: StreamingRuntime;
  readonly #report: Report;
  readonly #server: Server;
  readonly #open = new Set<Duplex>();

  constructor(runtime: StreamingRuntime, report: Report) {
    this.#runtime = runtime;
    this.#report = report;
    this.#server = createServer((_request, response) => {
      response.writeHead(400).end("a stream is asked for by an upgrade of the connection\n");
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      this.#open.add(socket);
      socket.once("close", () => this.#open.delete(socket));
      // Whoever serves the socket is told when it breaks; until then there is nobody to tell.
      socket.on("error", () => undefined);
      this.#upgrade(request, socket).catch((error: unknown) => {
        this.#report.warn(`streaming: ${messageOf(error)}`);
        socket.destroy();
      });
    });
  }

  /** `host` is an address of this machine; the kernel chooses the port where it is 0. */
  async start(host: string, port: number): Promise<void> {
    await listen(this.#server, { host, port });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  urlForExec(request: ExecRequest): string {
    refuseImpossible(request.containerId, request);
    return this.#url({ kind: "exec", request });
  }

  urlForAttach(request: AttachRequest): string {
    refuseImpossible(request.containerId, request);
    return this.#url({ kind: "attach", request });
  }

  urlForPortForward(request: PortForwardRequest): string {
    if (request.podSandboxId === "") throw invalid("the request names no pod sandbox");
    return this.#url({ kind: "portforward", request });
  }

  #url(asked: Asked): string {
    const address = this.#server.address();
    if (!isAddress(address)) throw new Error("the streaming server does not listen");
    const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}/${asked.kind}/${this.#tokens.give(asked)}`;
  }

  async #upgrade(request: IncomingMessage, socket: Duplex): Promise<void> {
    const [, kind, token = ""] =
      /^\/(exec|attach|portforward)\/([\w-]+)\/?(?:\?.*)?$/.exec(request.url ?? "") ?? [];
    const asked = kind === undefined ? undefined : this.#tokens.take(token);
    if (asked === undefined || asked.kind !== kind) {
      refuse(socket, 404, "there is no such request, or it was served already");
    } else if (asked.kind === "portforward") {
      await this.#forward(asked.request, request, socket);
    } else {
      const streams = await this.#command(asked.request, request, socket);
      if (streams !== undefined) await this.#run(asked, streams);
    }
  }

  async #command(
    wanted: WantedStreams,
    request: IncomingMessage,
    socket: Duplex,
  ): Promise<CommandStreams | undefined> {
    if (isWebSocketRequest(request.headers)) {
      const offered = offeredProtocols(request.headers);
      const chosen = offered
        .flatMap((name) => channelProtocols.find((each) => each.name === name) ?? [])
        .at(0);
      if (chosen === undefined && offered.length > 0) {
        refuse(socket, 403, `none of these protocols is spoken here: ${offered.join(", ")}`);
        return undefined;
      }
      if (!acceptWebSocket(request, socket, chosen?.name)) return undefined;
      const connection = new WebSocketConnection(socket, limits.idleMilliseconds);
      return await commandOverWebSocket(connection, chosen ?? plainChannels, wanted);
    }
    const protocol = acceptSpdy(request, socket, spdyCommandProtocols);
    return protocol === undefined ? undefined : await commandOverSpdy(socket, protocol, wanted, limits);
  }

  async #run(
    asked: Exclude<Asked, { readonly kind: "portforward" }>,
    streams: CommandStreams,
  ): Promise<void> {
    const end = await (
      asked.kind === "exec"
        ? this.#runtime.exec(asked.request, streams)
        : this.#runtime.attach(asked.request, streams)
    ).catch((error: unknown): CommandEnd => ({ failure: messageOf(error) }));
    await streams.finish(end);
  }

  async #forward(
    { podSandboxId }: PortForwardRequest,
    request: IncomingMessage,
    socket: Duplex,
  ): Promise<void> {
    const forward = (port: number, stream: Duplex, signal: AbortSignal): Promise<void> =>
      this.#runtime.portForward(podSandboxId, port, stream, signal);
    if (isWebSocketRequest(request.headers)) {
      if (!offeredProtocols(request.headers).includes(tunnelProtocol)) {
        refuse(socket, 403, `ports are forwarded by ${tunnelProtocol}`);
      } else if (acceptWebSocket(request, socket, tunnelProtocol)) {
        const connection = new WebSocketConnection(socket, limits.idleMilliseconds);
        await forwardPorts(tunnelThrough(connection), forward, limits);
      }
    } else if (isSpdyRequest(request.headers)) {
      const protocol = acceptSpdy(request, socket, [portForwardProtocol]);
      if (protocol !== undefined) await forwardPorts(socket, forward, limits);
    } else {
      refuse(socket, 400, "ports are forwarded by SPDY/3.1 or a WebSocket");
    }
  }
}

function refuseImpossible(containerId: string, { stdin, stdout, stderr, tty }: WantedStreams): void {
  if (containerId === "") throw invalid("the request names no container");
  if (tty && stderr) throw invalid("a terminal has one output: tty and stderr exclude each other");
  if (!stdin && !stdout && !stderr) throw invalid("the request asks for no stream");
}

function invalid(what: string): CriFault {
  return new CriFault("INVALID_ARGUMENT", { what });
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}
