/** What time it is, for everything that expires. */
import { Fault } from "../../errors/fault.ts";

export type Clock = () => Date;

/** The machine's clock, or the moment in RKTNETES_CLOCK: so that a test sees a certificate near its end. */
export const systemClock: Clock = () => {
  const set = process.env["RKTNETES_CLOCK"];
  if (set === undefined || set === "") return new Date();
  const moment = new Date(set);
  if (Number.isNaN(moment.getTime())) {
    throw new Fault({
      what: "RKTNETES_CLOCK is not a date",
      got: set,
      allowed: "an ISO 8601 date, as in 2027-01-31 or 2027-01-31T12:00:00Z",
      remedy: "set it right, or unset it to use this machine's clock",
    });
  }
  return moment;
};
