/** The command `rkt`. */
import { runCommandLine } from "./cli/runCommandLine.ts";

// No await at the top of the file: it is bundled as CommonJS, which knows none.
void runCommandLine(process.argv.slice(2), process.env).then((code) => {
  process.exitCode = code;
});
