/** Root disks of virtual machines: an ext4 image of the base tree, made once, and a copy with each host's files. */
import { mkdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../errors/fault.ts";
import { isThere } from "./files.ts";
import type { SeedFile, SeedFolder } from "./host-files.ts";
import { withLock, type Lock } from "./lock.ts";
import type { LabOptions } from "./options.ts";
import { attempt, run } from "./program.ts";

/** What a host may fill. The file has holes: it takes what is written and no more. */
const diskBytes = 24 * 1024 ** 3;

/** The image that all hosts of one base tree begin with. */
export async function baseImage(tree: string, options: LabOptions): Promise<string> {
  const image = `${tree}.ext4`;
  if (await isThere(image)) return image;
  return withLock(
    `${image}.lock`,
    async (lock) => {
      if (await isThere(image)) return image;
      options.progress("making the root disk that virtual machines begin with (once)");
      const partial = `${image}.partial`;
      await rm(partial, { force: true });
      await writeFile(partial, "");
      await truncate(partial, diskBytes);
      // Without the initialisation that the guest's kernel would otherwise do in its first minutes.
      const features = [
        "-E",
        "lazy_itable_init=0,lazy_journal_init=0,nodiscard",
        "-i",
        "32768",
        "-L",
        "root",
      ];
      await run("mke2fs", ["-q", "-t", "ext4", ...features, "-d", tree, partial], {
        purpose: "make a root disk",
        signal: options.signal,
        holding: lock,
      });
      await rename(partial, image);
      return image;
    },
    options.signal,
  );
}

/** The host's own disk: a copy of the base image with its files written into it. */
export async function makeDisk(
  base: string,
  disk: string,
  folders: Readonly<Record<string, SeedFolder>>,
  files: Readonly<Record<string, SeedFile>>,
  lock: Lock,
): Promise<void> {
  await run("cp", ["--sparse=always", "--reflink=auto", base, disk], { holding: lock });
  const scratch = `${disk}.seed`;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  const sources: Record<string, string> = {};
  for (const [index, [path, { content }]] of Object.entries(files).entries()) {
    const source = join(scratch, String(index));
    await writeFile(source, content, { mode: 0o600 });
    sources[path] = source;
  }
  const written = await attempt("debugfs", ["-w", "-f", "-", disk], {
    input: debugfsCommands(folders, files, sources),
    holding: lock,
  });
  await rm(scratch, { recursive: true });
  // debugfs goes on after a mistake and ends with 0; what it has to say comes after its greeting.
  const complaints = written.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("debugfs "));
  const unexpected = complaints.filter(
    (line) => !/Ext2 directory already exists|^rm: File not found/.test(line),
  );
  if (written.code !== 0 || unexpected.length > 0) {
    throw new Fault({
      what: "the host's files could not be written to its disk",
      where: disk,
      cause: complaints.join("\n"),
    });
  }
}

/** Writes the files where the tree may have others already. */
export function debugfsCommands(
  folders: Readonly<Record<string, SeedFolder>>,
  files: Readonly<Record<string, SeedFile>>,
  sources: Readonly<Record<string, string>>,
): string {
  const lines: string[] = [];
  const attributes = (path: string, type: number, { mode, owner }: SeedFolder): void => {
    lines.push(`set_inode_field ${path} mode 0${(type | mode).toString(8)}`);
    lines.push(`set_inode_field ${path} uid ${owner.user}`, `set_inode_field ${path} gid ${owner.group}`);
  };
  for (const [path, folder] of Object.entries(folders)) {
    lines.push(`mkdir ${path}`);
    attributes(path, 0o040000, folder);
  }
  for (const [path, file] of Object.entries(files)) {
    lines.push(`rm ${path}`, `write ${sources[path] ?? ""} ${path}`);
    attributes(path, 0o100000, file);
  }
  return `${lines.join("\n")}\n`;
}
