import type { Duplex } from "node:stream";
import { FlowWindow } from "./FlowWindow.ts";
import {
  dataHead,
  encodeFrame,
  FrameReader,
  goAwayStatus,
  resetStatus,
  SpdyError,
  type Frame,
  type FrameOf,
} from "./frames.ts";
import {
  decodeHeaders,
  encodeHeaders,
  HeaderCompressor,
  HeaderDecompressor,
  type Headers,
} from "./headers.ts";
import { SpdyStream, type SpdyLink } from "./SpdyStream.ts";

export interface SpdyHandler {
  /** Why a stream with these headers is refused; undefined where it is welcome. */
  refuses(headers: Headers): string | undefined;
  /** The other side has been told that the stream is there. */
  opened(stream: SpdyStream): void;
}

export interface SpdyLimits {
  /** After so long without a frame the connection is cut. */
  readonly idleMilliseconds: number;
  readonly mostStreams: number;
}

/** The server's side of a SPDY/3.1 connection over whatever carries bytes: streams are opened by the client alone. */
export class SpdyConnection {
  /** Resolves when the connection has ended, however it did. */
  readonly closed: Promise<void>;
  readonly #carrier: Duplex;
  readonly #handler: SpdyHandler;
  readonly #limits: SpdyLimits;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #compressor = new HeaderCompressor();
  readonly #decompressor = new HeaderDecompressor();
  readonly #window = new FlowWindow(FlowWindow.initial, false);
  readonly #link: SpdyLink;
  readonly #idle: NodeJS.Timeout;
  #keepsWindows = false;
  #initialWindow: number = FlowWindow.initial;
  #lastStream = 0;
  #leaving = false;

  constructor(carrier: Duplex, handler: SpdyHandler, limits: SpdyLimits) {
    this.#carrier = carrier;
    this.#handler = handler;
    this.#limits = limits;
    this.#link = {
      window: this.#window,
      sendData: (stream, data, fin) => this.#sendData(stream, data, fin),
      sendReset: (stream, status) => {
        this.#send({ type: "rstStream", stream, status });
      },
      consumed: (stream, bytes) => {
        if (stream !== 0) this.#send({ type: "windowUpdate", stream, delta: bytes });
        this.#send({ type: "windowUpdate", stream: 0, delta: bytes });
      },
      gone: (stream) => {
        this.#streams.delete(stream);
        if (this.#leaving && this.#streams.size === 0) this.#carrier.end();
      },
    };
    this.#idle = setTimeout(() => carrier.destroy(), limits.idleMilliseconds);
    // What broke is told by the loop that reads; without a listener it would end the process.
    carrier.on("error", () => undefined);
    this.closed = this.#read();
  }

  /** Ends what is still open, in both directions, and says goodbye. */
  async close(): Promise<void> {
    const open = [...this.#streams.values()];
    for (const stream of open) stream.end();
    await Promise.all(open.map(finished));
    for (const stream of open) stream.destroy();
    this.#goAway(goAwayStatus.ok);
    this.#carrier.end();
  }

  async #read(): Promise<void> {
    const frames = new FrameReader();
    try {
      for await (const chunk of this.#carrier.iterator({ destroyOnReturn: false })) {
        if (!(chunk instanceof Buffer)) throw new SpdyError("the carrier gave no bytes");
        this.#idle.refresh();
        for (const frame of frames.read(chunk)) await this.#handle(frame);
      }
    } catch (error) {
      if (error instanceof SpdyError) this.#goAway(goAwayStatus.protocolError);
    } finally {
      clearTimeout(this.#idle);
      this.#leaving = true;
      this.#window.abandon();
      for (const stream of [...this.#streams.values()]) stream.receiveReset();
      this.#carrier.end();
      this.#compressor.close();
      this.#decompressor.close();
    }
  }

  async #handle(frame: Frame): Promise<void> {
    switch (frame.type) {
      case "data":
        await this.#receive(frame);
        break;
      case "synStream":
        await this.#open(frame);
        break;
      case "synReply":
      case "headers":
        // Nothing in them is for us, but the blocks that follow cannot be read without them.
        await this.#decompressor.process(frame.block);
        if (frame.fin) this.#streams.get(frame.stream)?.receiveEnd();
        break;
      case "rstStream":
        this.#streams.get(frame.stream)?.receiveReset();
        break;
      case "settings":
        if (frame.initialWindow !== undefined) this.#resizeWindows(frame.initialWindow);
        break;
      case "ping":
        // The client's have odd numbers; an even one answers a ping that nobody here has sent.
        if (frame.id % 2 === 1) this.#send(frame);
        break;
      case "goAway":
        this.#leaving = true;
        if (this.#streams.size === 0) this.#carrier.end();
        break;
      case "windowUpdate":
        this.#keepWindows();
        if (frame.stream === 0) this.#window.grow(frame.delta);
        else this.#streams.get(frame.stream)?.window.grow(frame.delta);
        break;
    }
  }

  async #receive({ stream: number, data, fin }: FrameOf<"data">): Promise<void> {
    const stream = this.#streams.get(number);
    if (stream === undefined) {
      // Of one that has been there, data may still be on its way.
      if (number > this.#lastStream || number === 0) {
        this.#link.sendReset(number, resetStatus.invalidStream);
      }
      return;
    }
    if (stream.remoteDone) this.#link.sendReset(number, resetStatus.streamAlreadyClosed);
    else await stream.receive(data, fin);
  }

  async #open({ stream: number, fin, unidirectional, block }: FrameOf<"synStream">): Promise<void> {
    const headers = decodeHeaders(await this.#decompressor.process(block));
    if (number === 0 || number % 2 === 0 || number <= this.#lastStream || headers === undefined) {
      this.#link.sendReset(number, resetStatus.protocolError);
      return;
    }
    this.#lastStream = number;
    const full = this.#streams.size >= this.#limits.mostStreams;
    if (this.#leaving || unidirectional || full || this.#handler.refuses(headers) !== undefined) {
      this.#link.sendReset(number, resetStatus.refusedStream);
      return;
    }
    const window = new FlowWindow(this.#initialWindow, this.#keepsWindows);
    const stream = new SpdyStream(number, headers, window, this.#link);
    // A stream that breaks tells whoever uses it; nobody may be using it yet.
    stream.on("error", () => undefined);
    this.#streams.set(number, stream);
    const reply = await this.#compressor.process(encodeHeaders(new Map()));
    this.#send({ type: "synReply", stream: number, fin: false, block: reply });
    if (fin) stream.receiveEnd();
    this.#handler.opened(stream);
  }

  #keepWindows(): void {
    if (this.#keepsWindows) return;
    this.#keepsWindows = true;
    this.#window.enforce();
    for (const stream of this.#streams.values()) stream.window.enforce();
  }

  #resizeWindows(initial: number): void {
    this.#keepWindows();
    for (const stream of this.#streams.values()) stream.window.grow(initial - this.#initialWindow);
    this.#initialWindow = initial;
  }

  #goAway(status: number): void {
    this.#leaving = true;
    this.#send({ type: "goAway", lastGoodStream: this.#lastStream, status });
  }

  #send(frame: Exclude<Frame, { readonly type: "data" }>): void {
    if (this.#carrier.writable) this.#carrier.write(encodeFrame(frame));
  }

  async #sendData(stream: number, data: Buffer, fin: boolean): Promise<void> {
    const carrier = this.#carrier;
    if (!carrier.writable) throw new Error("the connection has ended");
    await new Promise<void>((resolve, reject) => {
      carrier.cork();
      carrier.write(dataHead(stream, data.length, fin));
      carrier.write(data, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
      carrier.uncork();
    });
  }
}

/** Resolves when a stream has said all that it had to say, or cannot any more. */
async function finished(stream: SpdyStream): Promise<void> {
  if (stream.writableFinished || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.once("finish", resolve);
    stream.once("close", resolve);
  });
}
