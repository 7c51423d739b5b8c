/**
 * The one kind of error that is meant for people. It says what went wrong, where, what was found there,
 * what would have been allowed, and what to do; it is shown whole and without a stack.
 */
export interface FaultDetails {
  /** What went wrong, as a sentence without its full stop. */
  readonly what: string;
  /** Host, unit, file or property path, from the outside in. */
  readonly where?: string;
  /** What was found. Never a secret. */
  readonly got?: string;
  /** What would have been accepted. */
  readonly allowed?: string;
  /** What the reader can do about it. */
  readonly remedy?: string;
  /** The last underlying error. */
  readonly cause?: unknown;
}

export class Fault extends Error {
  readonly details: FaultDetails;

  constructor(details: FaultDetails) {
    super(renderFault(details), details.cause === undefined ? {} : { cause: details.cause });
    this.name = "Fault";
    this.details = details;
  }
}

/** The text of a fault: one line for what and where, one more for each further detail. */
export function renderFault(details: FaultDetails): string {
  const head = details.where === undefined ? details.what : `${details.where}: ${details.what}`;
  const lines = [head];
  if (details.got !== undefined) lines.push(`  got:     ${details.got}`);
  if (details.allowed !== undefined) lines.push(`  allowed: ${details.allowed}`);
  if (details.cause !== undefined) lines.push(`  cause:   ${messageOf(details.cause)}`);
  if (details.remedy !== undefined) lines.push(`  remedy:  ${details.remedy}`);
  return lines.join("\n");
}

/** The message of anything that can be thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Several faults as one, so that a user sees every mistake at once. */
export function gatherFaults(what: string, faults: readonly Fault[]): Fault {
  const listed = faults.map((fault) => `- ${fault.message.replaceAll("\n", "\n  ")}`).join("\n");
  return new Fault({ what: `${what}\n${listed}` });
}
