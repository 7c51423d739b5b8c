/** `pulumi-resource-kubernetes`: serves the offline kubernetes provider to Pulumi's engine. */
import { serveProvider } from "../../../provider/protocol/serve.ts";
import { KubernetesProvider } from "./provider.ts";

await serveProvider(new KubernetesProvider(), process.argv.slice(2));
