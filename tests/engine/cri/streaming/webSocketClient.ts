/** The client's side of a WebSocket as bare as can be, for what Node's own client would not send. */
import { randomBytes } from "node:crypto";
import { Duplex } from "node:stream";

export const upgradeHeaders = {
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": randomBytes(16).toString("base64"),
};

/** A frame as clients send it: masked. */
export function clientFrame(opcode: number, payload: Buffer, fin = true): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) head.writeUInt16BE(length, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0));
  return Buffer.concat([head, mask, masked]);
}

export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Whole frames at the head of these bytes, and what is left of them. */
export function serverFrames(bytes: Buffer): { readonly frames: ServerFrame[]; readonly rest: Buffer } {
  const frames: ServerFrame[] = [];
  let rest = bytes;
  for (;;) {
    const short = rest[1] ?? 0;
    const head = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    if (rest.length < head) return { frames, rest };
    const length =
      short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
    if (rest.length < head + length) return { frames, rest };
    frames.push({ opcode: (rest[0] ?? 0) & 0x0f, payload: rest.subarray(head, head + length) });
    rest = rest.subarray(head + length);
  }
}

/** Bytes in both directions, in binary messages. */
export function tunnelOver(socket: Duplex): Duplex {
  let unread: Buffer = Buffer.alloc(0);
  const tunnel = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, callback) {
      socket.write(clientFrame(2, chunk), callback);
    },
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  socket.on("data", (chunk: Buffer) => {
    const { frames, rest } = serverFrames(Buffer.concat([unread, chunk]));
    unread = rest;
    for (const { opcode, payload } of frames) if (opcode === 2) tunnel.push(payload);
  });
  socket.once("end", () => {
    tunnel.push(null);
  });
  return tunnel;
}
