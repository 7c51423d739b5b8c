import { defaultPath } from "../appEnvironment.ts";

/** What the host's own programs find while they start a pod: nothing of the app's, and nothing that bends them. */
export function toolEnvironment(): Readonly<Record<string, string>> {
  const terminal = process.env["TERM"];
  const lock = process.env["RKT_LOCK_FD"];
  return {
    PATH: defaultPath,
    LC_ALL: "C.UTF-8",
    ...(terminal === undefined ? {} : { TERM: terminal }),
    ...(lock === undefined ? {} : { RKT_LOCK_FD: lock }),
  };
}
