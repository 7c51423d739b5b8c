/** Takes one file out of a verified archive, by the system's own tools. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../errors/fault.ts";
import type { Cache } from "./cache.ts";
import { downloadPath } from "./download.ts";
import type { Sum } from "./source.ts";

/** Beside the archive, by the member's path in it. */
export function memberPath(cache: Cache, sum: Sum, member: string): string {
  return join(`${downloadPath(cache, sum)}.members`, member);
}

/** Of one archive and one member at a time: two resources may want the same. */
export async function extract(cache: Cache, name: string, sum: Sum, member: string): Promise<string> {
  const archive = downloadPath(cache, sum);
  const path = memberPath(cache, sum, member);
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.${drafts++}.tmp`;
  try {
    await unpack(await toolFor(archive), archive, member, draft, name);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}

let drafts = 0;

interface Tool {
  readonly command: string;
  /** The member to its standard output. */
  readonly arguments: (archive: string, member: string) => string[];
  readonly list: (archive: string) => string[];
}

const TAR: Tool = {
  command: "tar",
  arguments: (archive, member) => ["-xOf", archive, "--", member],
  list: (archive) => ["-tf", archive],
};

const UNZIP: Tool = {
  command: "unzip",
  // A name is a pattern to unzip, in which these characters stand for others.
  arguments: (archive, member) => ["-p", archive, member.replaceAll(/[[\]*?\\]/g, "\\$&")],
  list: (archive) => ["-Z1", archive],
};

/** The file has no name but its checksum: its first bytes tell what it is. tar finds the compression by itself. */
async function toolFor(archive: string): Promise<Tool> {
  const file = await open(archive);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString("latin1") === "PK\u0003\u0004" ? UNZIP : TAR;
  } finally {
    await file.close();
  }
}

async function unpack(tool: Tool, archive: string, member: string, to: string, name: string): Promise<void> {
  // Archives made by `tar -C dir .` have their members under "./".
  let complaint = "";
  for (const candidate of [member, `./${member}`]) {
    const result = await run(tool, tool.arguments(archive, candidate), to);
    if (result.code === 0) return;
    complaint ||= result.complaint;
  }
  throw new Fault({
    what: `artefact "${name}": the archive doesn't give up "${member}"`,
    where: archive,
    allowed: await membersIn(tool, archive),
    cause: complaint.trim(),
    remedy: "set the artefact's `member` to the path of a file inside the archive",
  });
}

async function run(tool: Tool, args: string[], to: string): Promise<{ code: number; complaint: string }> {
  const child = spawn(tool.command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => {
      const remedy = `install it: apt-get install ${tool.command}`;
      reject(new Fault({ what: `${tool.command} is needed to read an archive`, cause, remedy }));
    });
    child.once("close", (code) => {
      resolve(code ?? 1);
    });
  });
  const [code, complaint] = await Promise.all([
    ended,
    text(child.stderr),
    pipeline(child.stdout, createWriteStream(to)),
  ]);
  return { code, complaint };
}

async function membersIn(tool: Tool, archive: string): Promise<string> {
  const child = spawn(tool.command, tool.list(archive), { stdio: ["ignore", "pipe", "ignore"] });
  const names = (await text(child.stdout)).split("\n").filter((line) => line !== "" && !line.endsWith("/"));
  return names.length > 20
    ? `${names.slice(0, 20).join(", ")} and ${names.length - 20} more`
    : names.join(", ");
}
