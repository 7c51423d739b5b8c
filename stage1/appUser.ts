import { statSync } from "node:fs";
import { Fault } from "../errors/fault.ts";
import type { App } from "../engine/appc/imageManifest.ts";
import { readInsideRoot, resolveInsideRoot } from "./insideRoot.ts";

/** Whom an app runs as, in numbers, and what its environment says of that. */
export interface AppUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementaryGids: readonly number[];
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/** Looks an app's user and group up: a number, a name from the app's own /etc/passwd, or a path whose owner counts. */
export function resolveAppUser(root: string, app: App): AppUser {
  const accounts = linesOf(root, "/etc/passwd");
  const groups = linesOf(root, "/etc/group");
  const uid = numberOf(root, app.user, accounts, "user", (stat) => stat.uid);
  const gid = numberOf(root, app.group, groups, "group", (stat) => stat.gid);
  const account = accounts.find((fields) => fields[2] === String(uid));
  return {
    uid,
    gid,
    supplementaryGids: app.supplementaryGIDs,
    name: account?.[0] ?? (uid === 0 ? "root" : String(uid)),
    home: account?.[5] ?? (uid === 0 ? "/root" : "/"),
    shell: account?.[6] ?? "/bin/sh",
  };
}

function numberOf(
  root: string,
  wanted: string,
  entries: readonly (readonly string[])[],
  kind: "user" | "group",
  ownerOf: (stat: { readonly uid: number; readonly gid: number }) => number,
): number {
  if (/^\d+$/.test(wanted)) return Number(wanted);
  if (wanted.startsWith("/")) {
    const path = resolveInsideRoot(root, wanted);
    if (path !== undefined) return ownerOf(statSync(path));
  } else {
    if (wanted === "" || wanted === "root") return 0;
    const found = entries.find((fields) => fields[0] === wanted);
    if (found?.[2] !== undefined) return Number(found[2]);
  }
  throw new Fault({
    what: `unable to find ${kind} "${wanted}" in the app's root`,
    allowed: `a number, a name of its /etc/${kind === "user" ? "passwd" : "group"}, or the path of a file whose owner counts`,
    remedy: `name another one with --${kind}=`,
  });
}

function linesOf(root: string, path: string): readonly (readonly string[])[] {
  const text = readInsideRoot(root, path) ?? "";
  return text
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line) => line.split(":"));
}
