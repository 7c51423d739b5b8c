/** Interfaces on the machine. */
import { Fault } from "../errors/fault.ts";
import { attempt } from "./program.ts";

/** Gone afterwards, whether or not it was there. */
export async function deleteLink(name: string): Promise<void> {
  const result = await attempt("ip", ["link", "del", name]);
  if (result.code !== 0 && !/Cannot find device|does not exist/.test(result.stderr)) {
    throw new Fault({ what: `interface ${name} cannot be deleted`, cause: result.stderr.trim() });
  }
}
