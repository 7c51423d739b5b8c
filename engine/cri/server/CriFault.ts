import { Fault, type FaultDetails } from "../../../errors/fault.ts";

/** What a client can tell apart. */
export type CriCode =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "RESOURCE_EXHAUSTED"
  | "UNAVAILABLE"
  | "UNIMPLEMENTED"
  | "CANCELLED"
  | "DEADLINE_EXCEEDED"
  | "INTERNAL"
  | "UNKNOWN";

/** A fault for which CRI has a code of its own. */
export class CriFault extends Fault {
  readonly code: CriCode;

  constructor(code: CriCode, details: FaultDetails) {
    super(details);
    this.name = "CriFault";
    this.code = code;
  }
}
