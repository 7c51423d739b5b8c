import type { BasicCredentials } from "../../configuration/configuration.ts";
import { canonicalRegistry } from "../reference.ts";

/** What is configured for a registry, under whichever of its names. */
export function credentialsFor(
  registry: string,
  configured: ReadonlyMap<string, BasicCredentials>,
): BasicCredentials | undefined {
  const exact = configured.get(registry);
  if (exact !== undefined) return exact;
  const wanted = canonicalRegistry(registry);
  for (const [name, credentials] of configured) {
    if (canonicalRegistry(name) === wanted) return credentials;
  }
  return undefined;
}
