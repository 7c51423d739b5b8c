/**
 * Finds the end of each step in what a driver writes. The driver closes every step, on both of its streams,
 * with a NUL, the session's token and the exit code; the token is random, so no program's output ends a step.
 */
export interface StreamEnd {
  readonly output: Buffer;
  readonly code: number;
}

export class EndFinder {
  readonly #marker: Buffer;
  #held: Buffer[] = [];
  #heldLength = 0;
  /** How far the held bytes have been searched in vain. */
  #searched = 0;

  constructor(token: string) {
    this.#marker = Buffer.from(`\0${token} `);
  }

  /** Takes what arrived; gives each step that ended with it. */
  push(chunk: Buffer): StreamEnd[] {
    this.#held.push(chunk);
    this.#heldLength += chunk.length;
    const ends: StreamEnd[] = [];
    for (;;) {
      const end = this.#take();
      if (end === undefined) return ends;
      ends.push(end);
    }
  }

  /** What arrived since the last step ended. */
  get rest(): Buffer {
    return this.#joined();
  }

  #joined(): Buffer {
    const whole = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held, this.#heldLength);
    const joined = whole ?? Buffer.alloc(0);
    this.#held = [joined];
    return joined;
  }

  #take(): StreamEnd | undefined {
    if (this.#heldLength < this.#marker.length) return undefined;
    const held = this.#joined();
    const at = held.indexOf(this.#marker, this.#searched);
    if (at < 0) {
      this.#searched = Math.max(0, held.length - this.#marker.length);
      return undefined;
    }
    const lineEnd = held.indexOf(0x0a, at + this.#marker.length);
    if (lineEnd < 0) {
      this.#searched = at;
      return undefined;
    }
    const code = Number(held.toString("latin1", at + this.#marker.length, lineEnd));
    const output = held.subarray(0, at);
    const rest = held.subarray(lineEnd + 1);
    this.#held = [rest];
    this.#heldLength = rest.length;
    this.#searched = 0;
    return { output, code };
  }
}
