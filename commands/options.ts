/** Options of the commands behind the make targets. */
import { parseArgs } from "node:util";

export interface CommandOptions {
  readonly stack: string;
  readonly all: boolean;
}

/** Prints the help and ends when it is asked for. */
export function readOptions(help: string): CommandOptions {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "dev" },
      all: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${help.trim()}\n`);
    process.exit(0);
  }
  return { stack: values.stack, all: values.all };
}

/** Ends with the error's message and no stack: it is for the person at the terminal. */
export async function main(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (thrown) {
    process.stderr.write(`\n${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 1;
  }
}
