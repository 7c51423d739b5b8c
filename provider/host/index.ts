/** The host layer's kinds of resources. */
import type { ResourceKind } from "../protocol/resource.ts";
import { ClaimKind } from "./claim/kind.ts";
import { Connections } from "./remote/connections.ts";
import { StateKind } from "./state/kind.ts";

/** Every resource of the provider process shares its connections. */
const shared = new Connections();

export function hostKinds(connections = shared): ResourceKind[] {
  return [new ClaimKind(connections), new StateKind(connections)];
}

/** Ends all work on hosts at once: each host's own work stops at its next step. */
export function closeConnections(): Promise<void> {
  shared.close();
  return Promise.resolve();
}
