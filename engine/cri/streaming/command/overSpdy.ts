/** A command's streams as streams of SPDY: the last hop from the kubelet, and what most clients speak. */
import { Readable, type Duplex } from "node:stream";
import { SpdyConnection } from "../spdy/SpdyConnection.ts";
import type { SpdyStream } from "../spdy/SpdyStream.ts";
import {
  sentenceOf,
  statusOf,
  type CommandEnd,
  type CommandStreams,
  type WantedStreams,
} from "./commandStreams.ts";
import { terminalSizes } from "./terminalSizes.ts";

/** The best first. The first had bugs that clients older than all that are supported lived with. */
export const spdyCommandProtocols = [
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
];

export interface CommandLimits {
  readonly idleMilliseconds: number;
  /** For the client to open the streams that it asked for. */
  readonly openingMilliseconds: number;
}

/** Undefined when the client did not open its streams in time, or has gone. */
export async function commandOverSpdy(
  carrier: Duplex,
  protocol: string,
  wanted: WantedStreams,
  limits: CommandLimits,
): Promise<CommandStreams | undefined> {
  const resizes = wanted.tty && (protocol.startsWith("v4.") || protocol.startsWith("v3."));
  const expected = new Set([
    "error",
    ...(wanted.stdin ? ["stdin"] : []),
    ...(wanted.stdout ? ["stdout"] : []),
    ...(wanted.stderr ? ["stderr"] : []),
    ...(resizes ? ["resize"] : []),
  ]);
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<boolean>();
  const connection = new SpdyConnection(
    carrier,
    {
      refuses(headers) {
        const type = headers.get("streamtype") ?? "";
        if (!expected.has(type)) return `no stream of type ${JSON.stringify(type)} was asked for`;
        return streams.has(type) ? `there is a stream of type ${JSON.stringify(type)} already` : undefined;
      },
      opened(stream) {
        streams.set(stream.headers.get("streamtype") ?? "", stream);
        if (streams.size === expected.size) complete.resolve(true);
      },
    },
    { idleMilliseconds: limits.idleMilliseconds, mostStreams: expected.size },
  );
  const given = new AbortController();
  void connection.closed.then(() => {
    given.abort(new Error("the client has gone"));
    complete.resolve(false);
  });
  const late = setTimeout(() => {
    complete.resolve(false);
  }, limits.openingMilliseconds);
  const isComplete = await complete.promise;
  clearTimeout(late);
  const error = streams.get("error");
  if (!isComplete || error === undefined) {
    await connection.close();
    return undefined;
  }
  const [stdin, stdout, stderr, resize] = ["stdin", "stdout", "stderr", "resize"].map((type) =>
    streams.get(type),
  );
  // Nobody reads what a client sends where it should listen, and unread it would hold up its other streams.
  for (const listening of [stdout, stderr, error]) listening?.resume();
  return {
    ...(stdin !== undefined && { stdin }),
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    sizes: terminalSizes(resize ?? Readable.from([])),
    signal: given.signal,
    async finish(end: CommandEnd) {
      const last = protocol.startsWith("v4.") ? statusOf(end) : sentenceOf(end);
      if (last !== "") error.write(last);
      await connection.close();
    },
  };
}
