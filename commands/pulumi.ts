/** The stack, by way of `bin/pulumi`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { output, PROJECT, run, type Finished, type RunOptions } from "./program.ts";

const PULUMI = join(PROJECT, "bin", "pulumi");

export function pulumi(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return run(PULUMI, ["--non-interactive", ...args], options);
}

export async function pulumiOutput(args: readonly string[]): Promise<string> {
  return output(PULUMI, ["--non-interactive", ...args]);
}

/** Makes the stack if there is none of that name. Its configuration is the file in the checkout. */
export async function selectStack(stack: string): Promise<void> {
  await readFile(join(PROJECT, `Pulumi.${stack}.yaml`)).catch((cause: unknown) => {
    throw new Error(`there is no Pulumi.${stack}.yaml: a stack's configuration is a file of that name`, {
      cause,
    });
  });
  await pulumiOutput(["stack", "select", "--create", stack]);
}

export async function stackExists(stack: string): Promise<boolean> {
  const listed: unknown = JSON.parse(await pulumiOutput(["stack", "ls", "--json"]));
  return (
    Array.isArray(listed) &&
    listed.some(
      (entry: unknown) => typeof entry === "object" && entry !== null && Reflect.get(entry, "name") === stack,
    )
  );
}

/** Outputs of the stack; secrets are only in the clear here, in memory. */
export async function stackOutputs(stack: string): Promise<Readonly<Record<string, unknown>>> {
  const parsed: unknown = JSON.parse(
    await pulumiOutput(["stack", "output", "--json", "--show-secrets", "--stack", stack]),
  );
  return parsed !== null && typeof parsed === "object" ? Object.fromEntries(Object.entries(parsed)) : {};
}
