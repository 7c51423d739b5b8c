/** The name of a stack's lab network. */
import { createHash } from "node:crypto";

/** Two checkouts on one machine may both have a stack `dev`: their labs must not be taken for each other. */
export function labNetworkName(cluster: string, stack: string, checkout: string): string {
  const digest = createHash("sha256").update(`${checkout}\0${stack}`).digest("hex");
  return `${cluster.slice(0, 20)}-${digest.slice(0, 6)}`;
}
