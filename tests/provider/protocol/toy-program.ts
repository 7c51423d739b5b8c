/** The toy provider as a program, for tests of how a provider's process begins and ends. */
import { serveProvider } from "../../../provider/protocol/serve.ts";
import { boxKind, toyProvider } from "./toy.ts";

await serveProvider(toyProvider(boxKind()), process.argv.slice(2));
