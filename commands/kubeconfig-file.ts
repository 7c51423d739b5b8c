/** The stack's kubeconfig as a file of mode 0600 below .rktnetes. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROJECT } from "./program.ts";

export function kubeconfigPath(stack: string): string {
  return join(PROJECT, ".rktnetes", `kubeconfig-${stack}`);
}

export async function writeKubeconfig(
  stack: string,
  outputs: Readonly<Record<string, unknown>>,
): Promise<string> {
  const kubeconfig = outputs["kubeconfig"];
  if (typeof kubeconfig !== "string") {
    throw new Error(`the stack "${stack}" has no kubeconfig yet: type make up STACK=${stack}`);
  }
  const path = kubeconfigPath(stack);
  await mkdir(join(PROJECT, ".rktnetes"), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.partial`, kubeconfig, { mode: 0o600 });
  await rename(`${path}.partial`, path);
  return path;
}
