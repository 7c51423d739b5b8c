import { Fault } from "../../../errors/fault.ts";
import type { Command } from "../command.ts";
import { bashCompletion } from "../bashCompletion.ts";

export const completion: Command = ({ words, print }) => {
  const [shell, ...others] = words;
  if (shell === undefined) throw new Fault({ what: "shell type is not specified", allowed: "bash" });
  if (others.length > 0) throw new Fault({ what: "too many arguments, only shell type is expected" });
  if (shell !== "bash") throw new Fault({ what: `'${shell}' shell is not supported`, allowed: "bash" });
  print(bashCompletion());
  return 0;
};
