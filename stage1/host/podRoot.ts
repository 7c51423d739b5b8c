/** The pod's own root: the host's systemd by way of its /usr, and a small /etc. */
import { chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PodToRun } from "../contract.ts";
import { appUnit, type AppUnitFacts } from "./appUnit.ts";
import { podUnits, recordScript } from "./podUnits.ts";
import { unitText } from "./unitText.ts";

const folders = [
  "dev",
  "etc/systemd/system",
  "etc/systemd/no-generators",
  "proc",
  "root",
  "run",
  "sys",
  "tmp",
  "usr",
  "var/tmp",
];

/** Debian's root has its programs in /usr alone. */
const links = ["bin", "lib", "lib64", "sbin"];

/** Writes all that the pod's systemd needs; `usrLinks` are the host's own of `links`. */
export function writePodRoot(
  pod: PodToRun,
  apps: readonly AppUnitFacts[],
  usrLinks: readonly string[],
): void {
  const root = join(pod.folder, "stage1", "rootfs");
  const written: string[] = [];
  const put = (path: string, text: string, mode = 0o644): void => {
    writeFileSync(join(root, path), text, { mode });
    written.push(path);
  };
  for (const folder of [...folders, "rkt/status", "rkt/env"])
    mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
  for (const link of usrLinks) symlinkSync(`usr/${link}`, join(root, link));
  put("etc/machine-id", `${pod.uuid.replaceAll("-", "")}\n`);
  put("etc/hostname", `${pod.hostname}\n`);
  put("etc/os-release", 'ID=rkt-pod\nNAME="A pod of rkt"\n');
  put("etc/passwd", passwdText(apps));
  put("etc/group", groupText(apps));
  put("rkt/record", recordScript, 0o755);
  for (const [name, text] of podUnits(apps.map(({ name }) => name))) put(`etc/systemd/system/${name}`, text);
  for (const facts of apps) put(`etc/systemd/system/${facts.name}.service`, unitText(appUnit(facts)));
  // In a user namespace the pod's root is another user, who writes the exit codes.
  if (pod.userNamespace !== undefined) {
    const { first } = pod.userNamespace;
    for (const path of [".", "rkt", "rkt/status", ...folders, ...written])
      chownSync(join(root, path), first, first);
  }
}

export { links as usrLinkNames };

/** systemd takes on no user and no group that has no name. */
function passwdText(apps: readonly AppUnitFacts[]): string {
  const users = new Map(apps.map(({ user: { uid, gid } }) => [uid, gid]));
  users.delete(0);
  return `root:x:0:0:root:/root:/bin/sh\n${[...users].map(([uid, gid]) => `user${uid}:x:${uid}:${gid}::/:/bin/sh\n`).join("")}`;
}

function groupText(apps: readonly AppUnitFacts[]): string {
  const groups = new Set(apps.flatMap(({ user: { gid, supplementaryGids } }) => [gid, ...supplementaryGids]));
  groups.delete(0);
  return `root:x:0:\n${[...groups].map((gid) => `group${gid}:x:${gid}:\n`).join("")}`;
}
