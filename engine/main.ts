/** The command `rkt`. */
import { runCommandLine } from "./cli/runCommandLine.ts";

// Whoever reads the answer may have read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
