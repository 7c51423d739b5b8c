/**
 * A provider process to be killed: claims a host, creates the example role, and says what it is doing. The connection,
 * with its key, comes on standard input.
 */
import { text } from "node:stream/consumers";
import { z } from "zod";
import { HostLayer, quietContext, STACK, textOf } from "./lab-host.ts";
import { exampleRole } from "./example-role.ts";

const [host = ""] = process.argv.slice(2);
const connection = z.record(z.string(), z.json()).parse(JSON.parse(await text(process.stdin)));
const context = quietContext();
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const speaking = { ...context, log: { progress: say, info: say, warning: say } };
const layer = new HostLayer();
const claim = await layer.claims.create({ host, connection, stack: STACK }, speaking);
await layer.states.create(exampleRole(host, connection, textOf(claim.outputs, "claim")), speaking);
process.stdout.write("done\n");
layer.close();
