/** `make logs`: gathers the logs of a stack's hosts. */
import { gatherLogs } from "./gather-logs.ts";
import { main, readOptions } from "./options.ts";

const { stack } = readOptions(`
Usage: make logs [STACK=dev]
Gathers units, journals, networks and pods of a stack's hosts in one folder under build/logs.
`);

await main(async () => {
  const folder = await gatherLogs(stack, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`${folder}\n`);
  return 0;
});
