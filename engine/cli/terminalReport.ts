import type { Writable } from "node:stream";
import type { Report } from "../context.ts";

/** Lines on standard error. Progress is only shown where it can replace itself. */
export class TerminalReport implements Report {
  readonly #debug: boolean;
  readonly #stream: Writable & { readonly isTTY?: boolean };
  #onProgress = false;

  constructor(debug: boolean, stream: Writable & { readonly isTTY?: boolean }) {
    this.#debug = debug;
    this.#stream = stream;
  }

  line(text: string): void {
    this.settle();
    this.#stream.write(`${text}\n`);
  }

  warn(text: string): void {
    this.line(`warning: ${text}`);
  }

  debug(text: string): void {
    if (this.#debug) this.line(text);
  }

  progress(text: string): void {
    if (this.#stream.isTTY !== true) return;
    this.#stream.write(`\r\x1b[K${text}`);
    this.#onProgress = true;
  }

  /** Ends the line of a progress, which stays. */
  settle(): void {
    if (this.#onProgress) this.#stream.write("\n");
    this.#onProgress = false;
  }
}
