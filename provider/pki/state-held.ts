/** What lives in the stack's state alone: nothing to look up elsewhere, and nothing to take away. */
import { Fault } from "../../errors/fault.ts";
import type { ResourceKind } from "../protocol/resource.ts";

export const stateHeld: Pick<ResourceKind, "read" | "delete"> = {
  read({ id, outputs, inputs }, { name }) {
    if (Object.keys(outputs).length === 0) {
      const refusal = new Fault({
        what: "keys and certificates of a stack are made by it and cannot be imported",
        where: name,
        remedy: "let the stack make its own; with one more generation, old ones stay trusted beside the new",
      });
      return Promise.reject(refusal);
    }
    return Promise.resolve({ id, outputs, inputs });
  },
  delete: () => Promise.resolve(),
};

/** The recorded outputs of such a resource, when they are damaged or of another release. */
export function unreadable(name: string, cause: unknown): Fault {
  return new Fault({
    what: "the state holds a record that cannot be read",
    where: name,
    cause,
    remedy:
      "restore the stack's state from a backup (`pulumi stack import`), or replace this resource by `pulumi up --replace`",
  });
}
