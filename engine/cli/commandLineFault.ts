import { Fault, type FaultDetails } from "../../errors/fault.ts";

/** Words that make no sense, told as cobra tells it: `Error: …`, and where help is. */
export class CommandLineFault extends Fault {
  /** What to call with --help. */
  readonly command: string;

  constructor(command: string, details: FaultDetails) {
    super(details);
    this.name = "CommandLineFault";
    this.command = command;
  }
}
