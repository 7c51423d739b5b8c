import { Duplex } from "node:stream";
import { FlowWindow } from "./FlowWindow.ts";
import { resetStatus } from "./frames.ts";
import type { Headers } from "./headers.ts";

/** What a stream needs of its connection. */
export interface SpdyLink {
  /** Resolves when there is room for more. */
  sendData(stream: number, data: Buffer, fin: boolean): Promise<void>;
  sendReset(stream: number, status: number): void;
  /** Bytes that the consumer has taken: room for as many more. */
  consumed(stream: number, bytes: number): void;
  /** The window of the connection as a whole, which all streams share. */
  readonly window: FlowWindow;
  gone(stream: number): void;
}

const LARGEST_PIECE = 32 << 10;
/** A sender that keeps windows never gets there; of one that does not, no more is read until somebody has taken some. */
const MOST_BUFFERED = 256 << 10;

/** One stream: ends separately in each direction; destroying it resets it. */
export class SpdyStream extends Duplex {
  readonly number: number;
  readonly headers: Headers;
  readonly window: FlowWindow;
  readonly #link: SpdyLink;
  #received = 0;
  #acknowledged = 0;
  #remoteDone = false;
  #reset = false;
  #room: (() => void) | undefined;

  constructor(number: number, headers: Headers, window: FlowWindow, link: SpdyLink) {
    super({ allowHalfOpen: true, readableHighWaterMark: FlowWindow.initial });
    this.number = number;
    this.headers = headers;
    this.window = window;
    this.#link = link;
    this.once("end", () => {
      this.#acknowledge(this.#received - this.#acknowledged);
    });
  }

  get remoteDone(): boolean {
    return this.#remoteDone;
  }

  /** What came from the other side. Resolves when more may be read. */
  async receive(data: Buffer, fin: boolean): Promise<void> {
    if (this.destroyed) return;
    this.#received += data.length;
    if (data.length > 0) this.push(data);
    if (fin) this.receiveEnd();
    if (this.readableLength > MOST_BUFFERED) await new Promise<void>((resolve) => (this.#room = resolve));
  }

  receiveEnd(): void {
    if (this.#remoteDone) return;
    this.#remoteDone = true;
    this.push(null);
  }

  /** The other side wants to hear and say no more. */
  receiveReset(): void {
    this.#reset = true;
    this.receiveEnd();
    this.destroy();
  }

  override _read(): void {
    const taken = this.#received - this.readableLength - this.#acknowledged;
    if (taken >= FlowWindow.initial / 2) this.#acknowledge(taken);
    this.#room?.();
    this.#room = undefined;
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    this.#send(chunk).then(() => {
      callback();
    }, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#reset) {
      callback();
      return;
    }
    this.#link.sendData(this.number, Buffer.alloc(0), true).then(() => {
      callback();
    }, callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const whole = this.#remoteDone && this.writableFinished;
    if (!whole && !this.#reset) {
      this.#link.sendReset(this.number, error === null ? resetStatus.cancel : resetStatus.internalError);
    }
    this.#reset = true;
    // What nobody will take any more has held up the other streams long enough.
    this.#acknowledge(this.#received - this.#acknowledged);
    this.window.abandon();
    this.#room?.();
    this.#link.gone(this.number);
    callback(error);
  }

  #acknowledge(bytes: number): void {
    if (bytes === 0) return;
    this.#acknowledged += bytes;
    this.#link.consumed(this.#remoteDone || this.#reset ? 0 : this.number, bytes);
  }

  async #send(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length && !this.#isReset();) {
      const own = await this.window.take(Math.min(chunk.length - at, LARGEST_PIECE));
      for (const end = at + own; at < end && !this.#isReset();) {
        const shared = await this.#link.window.take(end - at);
        await this.#link.sendData(this.number, chunk.subarray(at, at + shared), false);
        at += shared;
      }
    }
  }

  /** May change whenever something is waited for. */
  #isReset(): boolean {
    return this.#reset;
  }
}
