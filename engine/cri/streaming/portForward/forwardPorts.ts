/**
 * Connections to ports of a pod, any number of them over one connection of SPDY: each is a pair of streams, one for its
 * bytes and one for what went wrong.
 */
import type { Duplex } from "node:stream";
import { messageOf } from "../../../../errors/fault.ts";
import type { Headers } from "../spdy/headers.ts";
import { SpdyConnection } from "../spdy/SpdyConnection.ts";
import type { SpdyStream } from "../spdy/SpdyStream.ts";

export const portForwardProtocol = "portforward.k8s.io";

export interface ForwardLimits {
  readonly idleMilliseconds: number;
  /** For the second stream of a pair to follow the first. */
  readonly openingMilliseconds: number;
  readonly mostStreams: number;
}

/** Connects a stream with a port of the pod until both have ended; throws what kept it from that. */
export type Forward = (port: number, stream: Duplex, signal: AbortSignal) => Promise<void>;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly late: NodeJS.Timeout;
}

/** Resolves when the client has gone. */
export async function forwardPorts(carrier: Duplex, forward: Forward, limits: ForwardLimits): Promise<void> {
  const pairs = new Map<string, Pair>();
  const gone = new AbortController();

  const pairOf = (id: string): Pair => {
    const known = pairs.get(id);
    if (known !== undefined) return known;
    const late = setTimeout(() => {
      pairs.delete(id);
      fail(pair, "the second stream of the pair did not come in time");
    }, limits.openingMilliseconds);
    const pair: Pair = { late };
    pairs.set(id, pair);
    return pair;
  };

  const connection = new SpdyConnection(
    carrier,
    {
      refuses: mistakeIn,
      opened(stream) {
        const id = pairIdOf(stream);
        const pair = pairOf(id);
        const kind = stream.headers.get("streamtype") === "data" ? "data" : "error";
        if (pair[kind] !== undefined) {
          stream.destroy();
          return;
        }
        pair[kind] = stream;
        const { data, error } = pair;
        if (data === undefined || error === undefined) return;
        clearTimeout(pair.late);
        pairs.delete(id);
        error.resume();
        forward(Number(data.headers.get("port")), data, gone.signal).then(
          () => {
            data.end();
            error.end();
          },
          (thrown: unknown) => {
            fail(pair, messageOf(thrown));
          },
        );
      },
    },
    limits,
  );
  await connection.closed;
  gone.abort(new Error("the client has gone"));
  for (const { late } of pairs.values()) clearTimeout(late);
}

/** The bytes are reset only after the reason is out: a client looks there when it meets the reset. */
function fail({ data, error }: Pair, reason: string): void {
  if (error === undefined) {
    data?.destroy();
    return;
  }
  error.end(reason, () => {
    data?.destroy();
    error.destroy();
  });
}

function mistakeIn(headers: Headers): string | undefined {
  const port = headers.get("port") ?? "";
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535) return `${port} is no port`;
  const type = headers.get("streamtype");
  return type === "data" || type === "error" ? undefined : "a stream is of type data or error";
}

/** Clients that name no pair open the stream for errors first, and the other one right after it. */
function pairIdOf(stream: SpdyStream): string {
  const given = stream.headers.get("requestid") ?? "";
  if (given !== "") return `named ${given}`;
  return `numbered ${stream.headers.get("streamtype") === "data" ? stream.number - 2 : stream.number}`;
}
