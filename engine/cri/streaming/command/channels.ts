/** Which protocol of channels a WebSocket speaks: how a channel's bytes stand in a message. */
import type { Message } from "../websocket/WebSocketConnection.ts";

export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

export interface ChannelProtocol {
  readonly name: string;
  /** Messages are text: a digit, and the bytes in base64. */
  readonly base64: boolean;
  /** The command's end comes as a status; before that it was a sentence. */
  readonly status: boolean;
  /** A client can end a channel: 255, and the channel's number. */
  readonly ends: boolean;
}

/** The best first. */
export const channelProtocols: readonly ChannelProtocol[] = [
  { name: "v5.channel.k8s.io", base64: false, status: true, ends: true },
  { name: "v4.channel.k8s.io", base64: false, status: true, ends: false },
  { name: "v4.base64.channel.k8s.io", base64: true, status: true, ends: false },
  { name: "channel.k8s.io", base64: false, status: false, ends: false },
  { name: "base64.channel.k8s.io", base64: true, status: false, ends: false },
];

/** Of a client that names none. */
export const plainChannels: ChannelProtocol = { name: "", base64: false, status: false, ends: false };

export type ChannelEvent =
  { readonly channel: number; readonly data: Buffer } | { readonly channel: number; readonly ended: true };

const END = 255;

export function packed(protocol: ChannelProtocol, channel: number, data: Buffer): Message {
  return protocol.base64
    ? { binary: false, data: Buffer.from(`${channel}${data.toString("base64")}`) }
    : { binary: true, data: Buffer.concat([Buffer.from([channel]), data]) };
}

/** Undefined for a message that says nothing in that protocol. */
export function unpacked(protocol: ChannelProtocol, { binary, data }: Message): ChannelEvent | undefined {
  const [first, second] = data;
  if (first === undefined) return undefined;
  if (protocol.base64) {
    const channel = first - 0x30;
    return channel >= 0 && channel <= 9
      ? { channel, data: Buffer.from(data.toString("latin1", 1), "base64") }
      : undefined;
  }
  if (!binary) return undefined;
  if (first === END && protocol.ends)
    return second === undefined ? undefined : { channel: second, ended: true };
  return { channel: first, data: data.subarray(1) };
}
