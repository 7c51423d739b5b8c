import type { Writable } from "node:stream";

/** Where answers and talk go. */
export interface Streams {
  readonly out: Writable;
  readonly err: Writable & { readonly isTTY?: boolean };
}

/** The process's own. Node sets each up when it is first asked for, which a command that becomes a pod never does. */
export const ownStreams: Streams = {
  get out() {
    const { stdout } = process;
    if (stdout.listenerCount("error") === 0) stdout.on("error", endQuietly);
    return stdout;
  },
  get err() {
    return process.stderr;
  },
};

/** Whoever reads the answer may have read enough. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
}
