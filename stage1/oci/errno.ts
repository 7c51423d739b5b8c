import { constants } from "node:os";
import { Fault } from "../../errors/fault.ts";

/** The number of an error as errno(3) names it. */
export function errnoNumber(name: string): number {
  const number = new Map(Object.entries(constants.errno)).get(name);
  if (number === undefined) {
    throw new Fault({
      what: "unknown error name for a seccomp filter",
      got: name,
      allowed: "names of errno(3), such as EPERM",
    });
  }
  return number;
}
