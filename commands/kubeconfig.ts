/** `make kubeconfig`: writes the stack's kubeconfig and tells how to use it. */
import { relative } from "node:path";
import { main, readOptions } from "./options.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { stackOutputs } from "./pulumi.ts";

const { stack } = readOptions(`
Usage: make kubeconfig [STACK=dev]
Writes the kubeconfig of a stack's cluster to .rktnetes/kubeconfig-STACK (mode 0600) and prints its name.
`);

await main(async () => {
  const path = await writeKubeconfig(stack, await stackOutputs(stack));
  process.stdout.write(`${relative(process.cwd(), path)}\n`);
  return 0;
});
