import { writeSync } from "node:fs";

/** Where answers and talk go. */
export interface Streams {
  readonly out: Output;
  readonly err: Output;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** The process's own, written to at once: Node's streams take longer to load than a command takes to answer. */
export const ownStreams: Streams = {
  out: outputAt(1),
  err: outputAt(2),
};

function outputAt(file: number): Output {
  return {
    write(text) {
      writeWhole(file, Buffer.from(text));
    },
    get isTTY() {
      return process.getBuiltinModule("node:tty").isatty(file);
    },
  };
}

const BETWEEN_TRIES_MILLISECONDS = 5;

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(file, bytes, written);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // Whoever reads the answer may have read enough.
      if (code === "EPIPE") process.exit(0);
      if (code !== "EAGAIN") throw error;
      // A pipe that somebody else does not want to wait at, and whose reader is slower than we are.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BETWEEN_TRIES_MILLISECONDS);
    }
  }
}
