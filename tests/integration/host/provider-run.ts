/** A provider process to be killed: claims a host, creates the example role, and says what it is doing. */
import { HostLayer, quietContext, STACK } from "./lab-host.ts";
import { exampleRole } from "./example-role.ts";
import { isMap, type Value } from "../../../provider/protocol/value.ts";

const [host = "", connectionText = ""] = process.argv.slice(2);
const connection: Value = JSON.parse(connectionText);
if (!isMap(connection)) throw new Error("the connection must be an object");
const context = quietContext();
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const speaking = { ...context, log: { progress: say, info: say, warning: say } };
const layer = new HostLayer();
const claim = await layer.claims.create({ host, connection, stack: STACK }, speaking);
await layer.states.create(exampleRole(host, connection, String(claim.outputs["claim"])), speaking);
process.stdout.write("done\n");
layer.close();
