import { spawn } from "node:child_process";
import { chmodSync, chownSync, utimesSync } from "node:fs";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { diskFault, hasCode } from "../../../errors/diskFault.ts";
import { asPath } from "./memberName.ts";
import type { DirectoryNode, TreeNode } from "./treeNodes.ts";

export interface Finishing {
  readonly owners: boolean;
  readonly modeOf: (mode: number) => number;
  readonly warn: (text: string) => void;
}

interface Placed<N extends TreeNode> {
  readonly path: string;
  readonly node: N;
}

/** What can only be done at the end, and what Node cannot do by itself: pipes and extended attributes. */
export async function finishTree(root: DirectoryNode, finishing: Finishing): Promise<void> {
  const directories: DirectoryNode[] = [];
  const fifos: Placed<TreeNode>[] = [];
  const attributed: Placed<TreeNode>[] = [];
  collect(root);
  if (fifos.length > 0) await makeFifos(fifos, finishing);
  if (finishing.owners && attributed.length > 0) await setAttributes(attributed, finishing.warn);
  try {
    for (const node of directories) settle(node, node.path, finishing);
  } catch (error) {
    throw diskFault(error);
  }

  /** Directories from the deepest up: one that may not be entered must come after what is in it. */
  function collect(directory: DirectoryNode): void {
    for (const [name, node] of directory.children) {
      const path = `${directory.path}/${name}`;
      if (node.kind === "directory") collect(node);
      else if (node.kind === "fifo") fifos.push({ path, node });
      else if (node.kind === "file" && keptAttributes(node).length > 0) attributed.push({ path, node });
    }
    if (keptAttributes(directory).length > 0) attributed.push({ path: directory.path, node: directory });
    directories.push(directory);
  }
}

function settle(node: TreeNode, key: string, finishing: Finishing): void {
  const path = asPath(key);
  if (finishing.owners) chownSync(path, node.uid, node.gid);
  chmodSync(path, finishing.modeOf(node.mode));
  utimesSync(path, node.mtime, node.mtime);
}

/** Names go by standard input, for arguments of a child are text and names are bytes. */
async function makeFifos(fifos: readonly Placed<TreeNode>[], finishing: Finishing): Promise<void> {
  const names = fifos.map(({ path }) => Buffer.from(`${path}\0`, "latin1"));
  await feed("xargs", ["-0", "mkfifo", "-m", "0600", "--"], Buffer.concat(names));
  for (const { path, node } of fifos) settle(node, path, finishing);
}

/**
 * File capabilities, and what users note on their files. Others mean something to the kernel or to overlayfs
 * (`trusted.overlay.redirect` would lead a mount elsewhere) and are the host's to set.
 */
function keptAttributes(node: TreeNode): [string, Buffer][] {
  if (node.attributes.size === 0) return [];
  return [...node.attributes].filter(
    ([name]) =>
      name === "security.capability" || (/^user\.[\w.-]+$/.test(name) && !name.startsWith("user.overlay.")),
  );
}

async function setAttributes(
  attributed: readonly Placed<TreeNode>[],
  warn: (text: string) => void,
): Promise<void> {
  const dump = attributed.map(({ path, node }) =>
    [
      `# file: ${escaped(path)}`,
      ...keptAttributes(node).map(([name, value]) => `${name}=0s${value.toString("base64")}`),
      "\n",
    ].join("\n"),
  );
  try {
    await feed("setfattr", ["-h", "--restore=-"], Buffer.from(dump.join(""), "latin1"));
  } catch (error) {
    const reason = hasCode(error, "ENOENT") ? "setfattr is not installed" : messageOf(error);
    warn(`files of the image without their capabilities and extended attributes: ${reason}`);
  }
}

/** As getfattr writes names: what is no plain character by its octal number. */
function escaped(path: string): string {
  return path.replace(/[^\x21-\x5b\x5d-\x7e]/gs, (character) => {
    return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
}

function feed(program: string, args: readonly string[], input: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      said += text;
    });
    child.on("error", reject);
    // It may have ended without reading all; its exit code tells.
    child.stdin.on("error", () => undefined);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Fault({ what: `${program} failed`, got: said.trim().slice(0, 400) }));
    });
    child.stdin.end(input);
  });
}
