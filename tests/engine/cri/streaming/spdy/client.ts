/** The client's side of SPDY/3.1, as bare as can be: a test says each frame. */
import { EventEmitter, once } from "node:events";
import type { Duplex } from "node:stream";
import {
  dataHead,
  encodeFrame,
  FrameReader,
  type Frame,
} from "../../../../../engine/cri/streaming/spdy/frames.ts";
import {
  decodeHeaders,
  encodeHeaders,
  HeaderCompressor,
  HeaderDecompressor,
  type Headers,
} from "../../../../../engine/cri/streaming/spdy/headers.ts";

export class SpdyTestClient {
  readonly carrier: Duplex;
  /** Every frame that came, in order. */
  readonly frames: Frame[] = [];
  readonly #events = new EventEmitter();
  readonly #compressor = new HeaderCompressor();
  readonly #decompressor = new HeaderDecompressor();
  #next = 1;
  #ended = false;

  constructor(carrier: Duplex) {
    this.carrier = carrier;
    const reader = new FrameReader();
    carrier.on("data", (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) {
        // A view of a chunk: kept, it would keep all of the chunk.
        this.frames.push(frame.type === "data" ? { ...frame, data: Buffer.from(frame.data) } : frame);
      }
      this.#events.emit("news");
    });
    for (const event of ["end", "close", "error"]) {
      carrier.on(event, () => {
        this.#ended = true;
        this.#events.emit("news");
      });
    }
  }

  /** Opens a stream and waits until it is answered. */
  async open(headers: Record<string, string>, fin = false): Promise<number> {
    const stream = this.#next;
    this.#next += 2;
    await this.openAs(stream, new Map(Object.entries(headers)), fin);
    await this.until(() => this.frames.some((frame) => "stream" in frame && frame.stream === stream));
    return stream;
  }

  async openAs(stream: number, headers: Headers, fin = false): Promise<void> {
    const block = await this.#compressor.process(encodeHeaders(headers));
    this.send({ type: "synStream", stream, fin, unidirectional: false, block });
  }

  send(frame: Exclude<Frame, { readonly type: "data" }>): void {
    this.carrier.write(encodeFrame(frame));
  }

  sendData(stream: number, data: string | Buffer, fin = false): void {
    const bytes = Buffer.from(data);
    this.carrier.write(Buffer.concat([dataHead(stream, bytes.length, fin), bytes]));
  }

  async headersOf(block: Buffer): Promise<Headers | undefined> {
    return decodeHeaders(await this.#decompressor.process(block));
  }

  /** What came on a stream until now. */
  received(stream: number): Buffer {
    return Buffer.concat(
      this.frames.flatMap((frame) => (frame.type === "data" && frame.stream === stream ? [frame.data] : [])),
    );
  }

  isFinished(stream: number): boolean {
    return this.frames.some((frame) => frame.type === "data" && frame.stream === stream && frame.fin);
  }

  resetOf(stream: number): number | undefined {
    const resets = this.frames.filter((frame) => frame.type === "rstStream");
    return resets.find((frame) => frame.stream === stream)?.status;
  }

  get ended(): boolean {
    return this.#ended;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#ended) throw new Error(`the connection ended: ${JSON.stringify(this.frames)}`);
      await once(this.#events, "news");
    }
  }

  async untilEnded(): Promise<void> {
    while (!this.#ended) await once(this.#events, "news");
  }

  close(): void {
    this.#compressor.close();
    this.#decompressor.close();
    this.carrier.destroy();
  }
}
