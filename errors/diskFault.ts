import { getSystemErrorMessage } from "node:util";
import { Fault } from "./fault.ts";

/**
 * What a failed file system call means to a person, in the form that Unix programs use: `mkdir /x/y: permission
 * denied`. Anything that is no failed system call is returned as it is.
 */
export function diskFault(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !("code" in thrown) || !("errno" in thrown)) return thrown;
  const { errno } = thrown;
  if (typeof errno !== "number") return thrown;
  const call = "syscall" in thrown && typeof thrown.syscall === "string" ? thrown.syscall : "";
  const path = "path" in thrown && typeof thrown.path === "string" ? thrown.path : "";
  const place = [call, path].filter((part) => part !== "").join(" ");
  const words = getSystemErrorMessage(errno);
  const remedy = remedyFor(thrown.code);
  return new Fault({
    what: place === "" ? words : `${place}: ${words}`,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function remedyFor(code: unknown): string | undefined {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return "make room on that file system; nothing half made was left there";
    default:
      return undefined;
  }
}

/** Whether a failed system call failed for this reason. */
export function hasCode(thrown: unknown, ...codes: readonly string[]): boolean {
  return (
    thrown instanceof Error &&
    "code" in thrown &&
    typeof thrown.code === "string" &&
    codes.includes(thrown.code)
  );
}
