/** Kubeconfigs of components: they name the files of their certificates and hold no secret themselves. */
import { stringify } from "yaml";

export interface ComponentKubeconfig {
  readonly server: string;
  readonly user: string;
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export function componentKubeconfig(access: ComponentKubeconfig): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "default",
    contexts: [{ name: "default", context: { cluster: "default", user: access.user } }],
    clusters: [
      { name: "default", cluster: { server: access.server, "certificate-authority": access.caFile } },
    ],
    users: [
      {
        name: access.user,
        user: { "client-certificate": access.certificateFile, "client-key": access.keyFile },
      },
    ],
  });
}
