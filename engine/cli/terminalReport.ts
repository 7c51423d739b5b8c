import type { Report } from "../context.ts";
import type { Streams } from "./streams.ts";

/** Lines on standard error. Progress is only shown where it can replace itself. */
export class TerminalReport implements Report {
  readonly #debug: boolean;
  readonly #streams: Pick<Streams, "err">;
  #onProgress = false;

  constructor(debug: boolean, streams: Pick<Streams, "err">) {
    this.#debug = debug;
    this.#streams = streams;
  }

  line(text: string): void {
    this.settle();
    this.#streams.err.write(`${text}\n`);
  }

  warn(text: string): void {
    this.line(`warning: ${text}`);
  }

  debug(text: string): void {
    if (this.#debug) this.line(text);
  }

  progress(text: string): void {
    if (this.#streams.err.isTTY !== true) return;
    this.#streams.err.write(`\r\x1b[K${text}`);
    this.#onProgress = true;
  }

  /** Ends the line of a progress, which stays. */
  settle(): void {
    if (this.#onProgress) this.#streams.err.write("\n");
    this.#onProgress = false;
  }
}
