/** How nodes reach image registries: containerd's hosts.toml, one folder for each name in image references. */
import type { RoleFile, Text } from "../host/role-state.ts";
import { ref } from "../host/role-state.ts";

export interface RegistryAccess {
  /** The name in image references, as in `registry.example:5000`; `_default` for all that have no own entry. */
  readonly name: string;
  /** Where the images really come from. */
  readonly server: string;
  /** Name of the reference that holds `user:password` in base64, when the registry asks for it. */
  readonly credential?: string;
  readonly ca?: string;
}

export function registryFiles(
  directory: string,
  registries: readonly RegistryAccess[],
): Record<string, RoleFile> {
  return Object.fromEntries(
    registries.flatMap((registry): [string, RoleFile][] => {
      const folder = `${directory}/${registry.name}`;
      const hosts: [string, RoleFile] = [
        `${folder}/hosts.toml`,
        { content: hostsToml(registry, folder), mode: registry.credential === undefined ? "0644" : "0600" },
      ];
      return registry.ca === undefined ? [hosts] : [hosts, [`${folder}/ca.crt`, { content: registry.ca }]];
    }),
  );
}

function hostsToml(registry: RegistryAccess, folder: string): Text {
  const server = JSON.stringify(registry.server);
  const head = [
    `server = ${server}`,
    "",
    `[host.${server}]`,
    `capabilities = ["pull", "resolve"]`,
    ...(registry.ca === undefined ? [] : [`ca = ${JSON.stringify(`${folder}/ca.crt`)}`]),
  ].join("\n");
  if (registry.credential === undefined) return `${head}\n`;
  return [`${head}\n\n[host.${server}.header]\nauthorization = "Basic `, ref(registry.credential), `"\n`];
}
