import type { Duplex } from "node:stream";
import {
  closeCodes,
  encodeFrame,
  FrameReader,
  LARGEST_MESSAGE,
  opcodes,
  WebSocketError,
  type WebSocketFrame,
} from "./frames.ts";

export interface Message {
  readonly binary: boolean;
  readonly data: Buffer;
}

/** The server's side of a WebSocket. Whoever reads the messages keeps it going: pings are answered on the way. */
export class WebSocketConnection {
  readonly #carrier: Duplex;
  readonly #idle: NodeJS.Timeout;
  #closing = false;

  constructor(carrier: Duplex, idleMilliseconds: number) {
    this.#carrier = carrier;
    this.#idle = setTimeout(() => carrier.destroy(), idleMilliseconds);
    // What broke is told to whoever reads; without a listener it would end the process.
    carrier.on("error", () => undefined);
    carrier.once("close", () => {
      clearTimeout(this.#idle);
    });
  }

  /** Until the client says goodbye or the connection breaks, which is the same to whoever reads. */
  async *messages(): AsyncGenerator<Message> {
    const reader = new FrameReader();
    const assembly = new Assembly();
    try {
      for await (const chunk of this.#carrier.iterator({ destroyOnReturn: false })) {
        if (!(chunk instanceof Buffer)) throw new WebSocketError(closeCodes.protocolError, "no bytes came");
        this.#idle.refresh();
        for (const frame of reader.read(chunk)) {
          if (frame.opcode === opcodes.close) return;
          if (frame.opcode === opcodes.ping) this.#write(encodeFrame(opcodes.pong, frame.payload));
          else if (frame.opcode !== opcodes.pong) {
            const message = assembly.add(frame);
            if (message !== undefined) yield message;
          }
        }
      }
    } catch (error) {
      if (error instanceof WebSocketError) this.#sayClose(error.code, error.message);
    } finally {
      this.close();
    }
  }

  /** Resolves when there is room for more. */
  async send(data: Buffer, binary: boolean): Promise<void> {
    const frame = encodeFrame(binary ? opcodes.binary : opcodes.text, data);
    if (this.#closing || !this.#carrier.writable) throw new Error("the connection has ended");
    await new Promise<void>((resolve, reject) => {
      this.#carrier.write(frame, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** Says goodbye once, and ends the connection when that is said. */
  close(): void {
    this.#sayClose(closeCodes.normal, "");
    this.#carrier.end();
  }

  #sayClose(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#write(encodeFrame(opcodes.close, Buffer.concat([payload, Buffer.from(reason)])));
  }

  #write(bytes: Buffer): void {
    if (this.#carrier.writable) this.#carrier.write(bytes);
  }
}

/** Puts messages together that came in several frames. */
class Assembly {
  #kind: number | undefined;
  #pieces: Buffer[] = [];
  #length = 0;

  add({ opcode, fin, payload }: WebSocketFrame): Message | undefined {
    if ((opcode === opcodes.continuation) === (this.#kind === undefined)) {
      throw new WebSocketError(
        closeCodes.protocolError,
        "a message begins within another, or goes on without one",
      );
    }
    this.#kind ??= opcode;
    this.#pieces.push(payload);
    this.#length += payload.length;
    if (this.#length > LARGEST_MESSAGE) throw new WebSocketError(closeCodes.tooBig, "a message is too large");
    if (!fin) return undefined;
    const message = { binary: this.#kind === opcodes.binary, data: Buffer.concat(this.#pieces) };
    this.#kind = undefined;
    this.#pieces = [];
    this.#length = 0;
    return message;
  }
}
