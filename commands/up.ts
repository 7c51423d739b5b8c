/** `make up`: brings the stack up, proves that it works, and tells what to try next. */
import { relative } from "node:path";
import { gatherLogs } from "./gather-logs.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { main, readOptions } from "./options.ts";
import { proofLines, proveCluster } from "./proof.ts";
import { pulumi, selectStack, stackOutputs } from "./pulumi.ts";
import { clearStaleLock } from "./stale-lock.ts";

const { stack } = readOptions(`
Usage: make up [STACK=dev]
Brings a stack (its configuration is Pulumi.STACK.yaml) to its state, proves that the cluster works and tells what
to try next. It may be interrupted at any moment and run again.
`);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

await main(async () => {
  const started = Date.now();
  await selectStack(stack);
  await clearStaleLock(stack, say);
  const { code } = await pulumi(["up", "--yes", "--skip-preview", "--stack", stack], { show: true });
  if (code !== 0) {
    say(`\npulumi up ended with ${code}. What the hosts say about it:`);
    say(`  ${await gatherLogs(stack, say)}`);
    say("Mend the cause and type make up again: it goes on where it stopped.");
    return code;
  }
  const outputs = await stackOutputs(stack);
  const kubeconfig = relative(process.cwd(), await writeKubeconfig(stack, outputs));
  const proofs = await proveCluster(kubeconfig, outputs);
  say(`\nThe cluster of "${stack}" is up (${((Date.now() - started) / 1000).toFixed(1)} s):`);
  say(proofLines(proofs));
  if (!proofs.every(({ holds }) => holds)) {
    say(`\nNot everything holds. What the hosts say about it:\n  ${await gatherLogs(stack, say)}`);
    return 1;
  }
  say(nextSteps(kubeconfig));
  return 0;
});

function nextSteps(kubeconfig: string): string {
  const suffix = stack === "dev" ? "" : ` STACK=${stack}`;
  return `
What to try next:
  export KUBECONFIG=$PWD/${kubeconfig} PATH=$PWD/bin:$PATH
  kubectl get pods --output=wide
  kubectl top nodes
  pulumi preview --stack ${stack}      what would change now: nothing
  make down${suffix}                       takes it all away again`;
}
