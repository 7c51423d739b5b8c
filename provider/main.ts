/** The provider program `pulumi-resource-rktnetes`: brings hosts, certificates and lab machines to their state. */
import { artefactKinds } from "./artefact/index.ts";
import { clusterKinds } from "./cluster/index.ts";
import { engineKinds } from "./engine/index.ts";
import { closeConnections, hostKinds } from "./host/index.ts";
import { labKinds } from "./lab/index.ts";
import { pkiKinds } from "./pki/index.ts";
import { serveProvider } from "./protocol/serve.ts";
import { ResourceProvider } from "./resource-provider.ts";

const kinds = [
  ...hostKinds(),
  ...labKinds(),
  ...pkiKinds(),
  ...artefactKinds(),
  ...engineKinds(),
  ...clusterKinds(),
];

await serveProvider(new ResourceProvider("0.1.0", kinds, closeConnections), process.argv.slice(2));
