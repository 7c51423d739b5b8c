/** What may go better when it is tried again: a connection that broke, a server that is busy for a moment. */
export class Interruption extends Error {
  /** What the server asked to wait. */
  readonly retryAfterMilliseconds: number | undefined;

  constructor(
    message: string,
    options: { cause?: unknown; retryAfterMilliseconds?: number | undefined } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "Interruption";
    this.retryAfterMilliseconds = options.retryAfterMilliseconds;
  }
}
