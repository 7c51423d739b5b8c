/** A host's files on disk: the base tree below, the host's own above it, and a /var of its own. */
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { seedFiles, seedFolders, type HostIdentity } from "./host-files.ts";
import type { Lock } from "./lock.ts";
import { attempt, run } from "./program.ts";

/**
 * `overlay` shares the base tree; `copy` is for file systems on which overlayfs cannot lie (another overlay).
 * /var is a folder of the machine's in either case: a container runtime inside lays its own overlays there.
 */
export async function makeRoot(folder: string, base: string, lock: Lock): Promise<"overlay" | "copy"> {
  for (const name of ["upper", "work", "root"]) await mkdir(join(folder, name), { recursive: true });
  const style = (await overlayWorks(folder, base)) ? "overlay" : "copy";
  if (style === "copy") await run("cp", ["-a", `${base}/.`, join(folder, "root")], { holding: lock });
  await run("cp", ["-a", join(base, "var"), folder], { holding: lock });
  return style;
}

async function overlayWorks(folder: string, base: string): Promise<boolean> {
  const options = `lowerdir=${base},upperdir=${join(folder, "upper")},workdir=${join(folder, "work")}`;
  const target = join(folder, "root");
  const trial = await attempt("unshare", [
    "--mount",
    "mount",
    "-t",
    "overlay",
    "trial",
    "-o",
    options,
    target,
  ]);
  return trial.code === 0;
}

export async function seedRoot(
  folder: string,
  style: "overlay" | "copy",
  identity: HostIdentity,
): Promise<void> {
  const top = join(folder, style === "overlay" ? "upper" : "root");
  for (const [path, { mode, owner }] of Object.entries(seedFolders())) {
    await mkdir(join(top, path), { recursive: true });
    await chmod(join(top, path), mode);
    await chown(join(top, path), owner.user, owner.group);
  }
  for (const [path, { content, mode, owner }] of Object.entries(seedFiles(identity))) {
    await mkdir(dirname(join(top, path)), { recursive: true });
    await writeFile(join(top, path), content);
    await chmod(join(top, path), mode);
    await chown(join(top, path), owner.user, owner.group);
  }
}
