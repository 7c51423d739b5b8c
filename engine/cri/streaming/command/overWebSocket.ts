/** A command's streams as channels of a WebSocket. */
import { PassThrough, Writable } from "node:stream";
import type { WebSocketConnection } from "../websocket/WebSocketConnection.ts";
import { channels, packed, unpacked, type ChannelProtocol } from "./channels.ts";
import { sentenceOf, statusOf, type CommandStreams, type WantedStreams } from "./commandStreams.ts";
import { terminalSizes } from "./terminalSizes.ts";

export async function commandOverWebSocket(
  connection: WebSocketConnection,
  protocol: ChannelProtocol,
  wanted: WantedStreams,
): Promise<CommandStreams> {
  const stdin = wanted.stdin ? new PassThrough() : undefined;
  const resize = new PassThrough();
  const given = new AbortController();
  const send = async (channel: number, data: Buffer): Promise<void> => {
    const message = packed(protocol, channel, data);
    await connection.send(message.data, message.binary);
  };
  const output = (channel: number): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, callback) {
        send(channel, chunk).then(() => {
          callback();
        }, callback);
      },
    }).on("error", () => undefined);
  const stdout = wanted.stdout ? output(channels.stdout) : undefined;
  const stderr = wanted.stderr ? output(channels.stderr) : undefined;

  void receive(connection, protocol, { stdin, resize }).finally(() => {
    given.abort(new Error("the client has gone"));
  });
  // An empty message tells the client that it is connected.
  await send(
    stdout !== undefined ? channels.stdout : stderr !== undefined ? channels.stderr : channels.error,
    empty,
  );
  return {
    ...(stdin !== undefined && { stdin }),
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    sizes: terminalSizes(resize),
    signal: given.signal,
    async finish(end) {
      await Promise.all([stdout, stderr].map((stream) => ended(stream)));
      const last = protocol.status ? statusOf(end) : sentenceOf(end);
      // A client that has gone needs no telling.
      if (last !== "") await send(channels.error, Buffer.from(last)).catch(() => undefined);
      connection.close();
    },
  };
}

const empty = Buffer.alloc(0);

interface Incoming {
  readonly stdin: PassThrough | undefined;
  readonly resize: PassThrough;
}

/** Hands on what comes, no faster than it is taken, until the client goes. */
async function receive(
  connection: WebSocketConnection,
  protocol: ChannelProtocol,
  { stdin, resize }: Incoming,
): Promise<void> {
  for await (const message of connection.messages()) {
    const event = unpacked(protocol, message);
    const stream =
      event?.channel === channels.stdin ? stdin : event?.channel === channels.resize ? resize : undefined;
    if (event === undefined || stream === undefined || stream.writableEnded) continue;
    if ("ended" in event) stream.end();
    else if (!stream.write(event.data)) await room(stream);
  }
  stdin?.end();
  resize.end();
}

/** Resolves when there is room again, or nobody is left to make any. */
async function room(stream: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.once("drain", done).once("close", done);
  });
}

async function ended(stream: Writable | undefined): Promise<void> {
  if (stream === undefined || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.once("close", resolve);
    stream.end();
  });
}
