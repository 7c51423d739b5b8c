/** An archive as the kernel unpacks it into its first root: the "newc" form of cpio. */

export interface CpioEntry {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

const folderKind = 0o040000;
const fileKind = 0o100000;
const linkKind = 0o120000;

export function folder(path: string): CpioEntry {
  return { path, mode: folderKind | 0o755, content: Buffer.alloc(0) };
}

export function file(path: string, content: Buffer | string, mode = 0o644): CpioEntry {
  return { path, mode: fileKind | mode, content: Buffer.from(content) };
}

export function link(path: string, target: string): CpioEntry {
  return { path, mode: linkKind | 0o777, content: Buffer.from(target) };
}

export function cpio(entries: readonly CpioEntry[]): Buffer {
  const trailer: CpioEntry = { path: "TRAILER!!!", mode: 0, content: Buffer.alloc(0) };
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => record(entry, index + 1)));
}

function record({ path, mode, content }: CpioEntry, inode: number): readonly Buffer[] {
  const name = Buffer.from(`${path}\0`);
  // magic, inode, mode, user, group, links, time, size, device (2), special device (2), length of the name, checksum
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const head = `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`;
  return [Buffer.from(head), name, padding(head.length + name.length), content, padding(content.length)];
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
