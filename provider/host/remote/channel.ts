/** What the host layer needs of a way to a host: channels on which commands run. */

export interface Exit {
  /** Undefined when the channel closed before the command said how it ended. */
  readonly code: number | undefined;
}

/** One running command with its three streams. */
export interface Channel {
  /** Resolves once the other side can take more. */
  write(chunk: string | Buffer): Promise<void>;
  /** Closes the command's standard input. */
  end(): void;
  onStdout(listener: (chunk: Buffer) => void): void;
  onStderr(listener: (chunk: Buffer) => void): void;
  readonly closed: Promise<Exit>;
  close(): void;
}

export interface Transport {
  /** Starts a command; it must mean the same to every login shell. */
  open(command: string): Promise<Channel>;
  /** Settles with the reason when the way to the host is no more. */
  readonly lost: Promise<Error>;
  readonly isLost: boolean;
  /** The public key that the host has shown, as in `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  close(): void;
}

/** Thrown when the connection broke under a step. What was begun may be repeated: every step is idempotent. */
export class ConnectionLost extends Error {
  constructor(cause: Error | undefined) {
    super(cause === undefined ? "the connection was closed" : cause.message, { cause });
    this.name = "ConnectionLost";
  }
}
