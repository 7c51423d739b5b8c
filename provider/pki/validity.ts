/** From when until when a certificate counts, and when it is time for the next one. */
const DAY = 24 * 60 * 60 * 1000;
/** Hosts' clocks differ: a certificate made now must already count on one that is behind. */
const BACKDATING = 5 * 60 * 1000;

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** From a little before now for so many days, but never beyond the end of who signs it. */
export function validityFrom(now: Date, days: number, latest?: Date): Validity {
  // Certificates count in whole seconds.
  const start = Math.floor(now.getTime() / 1000) * 1000;
  const end = Math.min(start + days * DAY, latest?.getTime() ?? Infinity);
  return { notBefore: new Date(start - BACKDATING), notAfter: new Date(end) };
}

/**
 * When the renewal window opens. The window never takes more than 30 % of the certificate's real life, which
 * its authority's end may have cut short: otherwise such a certificate would be renewed by every run.
 */
export function renewalFrom({ notBefore, notAfter }: Validity, renewBeforeDays: number): Date {
  const life = notAfter.getTime() - notBefore.getTime();
  return new Date(notAfter.getTime() - Math.min(renewBeforeDays * DAY, 0.3 * life));
}

/** The day, for people. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Why a certificate is to be renewed now, or undefined when it is not. */
export function renewalReason(validity: Validity, renewBeforeDays: number, now: Date): string | undefined {
  if (now >= validity.notAfter) return `it expired on ${dayOf(validity.notAfter)}`;
  const from = renewalFrom(validity, renewBeforeDays);
  if (now >= from) return `it expires on ${dayOf(validity.notAfter)}, and is renewed from ${dayOf(from)} on`;
  return undefined;
}
