/** Archives byte by byte: POSIX headers, with extended ones only for what has no place in those. */

export interface TarFacts {
  /** A key; folders' end with a slash. */
  readonly name: string;
  readonly type: "file" | "hardlink" | "link" | "folder" | "pipe";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** Of links: a key. */
  readonly target: string;
  readonly attributes: ReadonlyMap<string, Buffer>;
}

const BLOCK = 512;
const letters = { file: "0", hardlink: "1", link: "2", folder: "5", pipe: "6" } as const;
const LONGEST = 100;
const OCTAL_7 = 0o7777777;
const OCTAL_11 = 0o77777777777;

/** The header of one entry, preceded by an extended one where it takes one. */
export function tarHeader(facts: TarFacts): Buffer {
  const records = recordsFor(facts);
  const header = plainHeader(facts, letters[facts.type]);
  if (records.length === 0) return header;
  const extension = plainHeader(
    { ...facts, name: "PaxHeaders/entry", target: "", mode: 0o644, uid: 0, gid: 0, size: records.length },
    "x",
  );
  return Buffer.concat([extension, records, padding(records.length), header]);
}

/** What fills a file's last block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** What archives end with. */
export const archiveEnd: Buffer = Buffer.alloc(2 * BLOCK);

function recordsFor({ name, target, uid, gid, size, mtime, attributes }: TarFacts): Buffer {
  const records: [string, Buffer][] = [];
  if (name.length > LONGEST) records.push(["path", Buffer.from(name, "latin1")]);
  if (target.length > LONGEST) records.push(["linkpath", Buffer.from(target, "latin1")]);
  if (uid > OCTAL_7) records.push(["uid", Buffer.from(String(uid))]);
  if (gid > OCTAL_7) records.push(["gid", Buffer.from(String(gid))]);
  if (size > OCTAL_11) records.push(["size", Buffer.from(String(size))]);
  if (mtime > OCTAL_11) records.push(["mtime", Buffer.from(String(mtime))]);
  for (const [attribute, value] of [...attributes].sort(([one], [other]) => (one < other ? -1 : 1))) {
    records.push([`SCHILY.xattr.${attribute}`, value]);
  }
  return Buffer.concat(records.map(([key, value]) => record(key, value)));
}

/** Each record begins with its own length, digits included. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, "latin1"), value, Buffer.from("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length++;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function plainHeader(facts: TarFacts, type: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(facts.name.slice(0, LONGEST), 0, "latin1");
  writeOctal(header, 100, 8, facts.mode);
  writeOctal(header, 108, 8, facts.uid > OCTAL_7 ? 0 : facts.uid);
  writeOctal(header, 116, 8, facts.gid > OCTAL_7 ? 0 : facts.gid);
  writeOctal(header, 124, 12, facts.size > OCTAL_11 ? 0 : facts.size);
  writeOctal(header, 136, 12, facts.mtime > OCTAL_11 ? 0 : facts.mtime);
  header.fill(" ", 148, 156);
  header.write(type, 156, "latin1");
  header.write(facts.target.slice(0, LONGEST), 157, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

function writeOctal(header: Buffer, at: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
}
