/** `pulumi-resource-command`: serves the offline command provider to Pulumi's engine. */
import { serveProvider } from "../../../provider/protocol/serve.ts";
import { CommandProvider } from "./provider.ts";

await serveProvider(new CommandProvider(), process.argv.slice(2));
