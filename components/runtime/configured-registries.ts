/** The registries of a stack's configuration, with their credentials kept apart as secrets. */
import * as pulumi from "@pulumi/pulumi";
import type { Registry } from "../../config/schema.ts";
import type { RegistryAccess } from "./registries.ts";

export function registryAccess(configured: Readonly<Record<string, Registry>>): {
  readonly access: readonly RegistryAccess[];
  readonly credentials: Readonly<Record<string, pulumi.Output<string>>>;
} {
  const credentials: Record<string, pulumi.Output<string>> = {};
  const access = Object.entries(configured).map(([key, registry]): RegistryAccess => {
    const name = key === "*" ? "_default" : key;
    const { server, username, password, ca } = registry;
    const asked = username !== undefined && password !== undefined;
    const credential = `registry:${name}`;
    if (asked)
      credentials[credential] = pulumi.secret(Buffer.from(`${username}:${password}`).toString("base64"));
    return { name, server, ...(asked ? { credential } : {}), ...(ca === undefined ? {} : { ca }) };
  });
  return { access, credentials };
}
