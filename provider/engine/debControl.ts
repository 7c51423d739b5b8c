/** What a Debian package says of itself, read without Debian's programs: the operator's machine need not have them. */
import { gunzipSync, zstdDecompressSync } from "node:zlib";

import { extract } from "tar-stream";

import { Fault, messageOf } from "../../errors/fault.ts";

export interface DebControl {
  readonly name: string;
  readonly version: string;
  /** Debian's name of it; `all` for any. */
  readonly architecture: string;
}

const magic = "!<arch>\n";
const headerSize = 60;
const mostControlBytes = 16 << 20;

/** Throws a Fault that says what is wrong with it: cut off, no package, lacking a field. */
export async function readDebControl(deb: Buffer): Promise<DebControl> {
  const members = membersOf(deb);
  const [name, content] = [...members].find(([member]) => member.startsWith("control.tar")) ?? [];
  if (members.keys().next().value !== "debian-binary" || name === undefined || content === undefined)
    throw noPackage("it lacks the parts of one");
  if (![...members.keys()].some((member) => member.startsWith("data.tar")))
    throw noPackage("it holds no files");
  const fields = fieldsOf(await controlFile(decompressed(name, content)));
  const field = (key: string): string => {
    const value = fields.get(key);
    if (value === undefined) throw noPackage(`its control file has no ${key}`);
    return value;
  };
  return { name: field("Package"), version: field("Version"), architecture: field("Architecture") };
}

/** ar(5): a magic line, then 60 bytes before each member, which begins at an even offset. */
function membersOf(deb: Buffer): ReadonlyMap<string, Buffer> {
  if (deb.subarray(0, magic.length).toString("latin1") !== magic)
    throw noPackage("it does not begin like one");
  const members = new Map<string, Buffer>();
  for (let at = magic.length; at < deb.length;) {
    const header = deb.subarray(at, at + headerSize).toString("latin1");
    const size = Number(header.slice(48, 58));
    if (header.length < headerSize || !header.endsWith("`\n") || !Number.isSafeInteger(size) || size < 0)
      throw noPackage("it is damaged or cut off");
    const start = at + headerSize;
    if (start + size > deb.length) throw noPackage("it is cut off");
    members.set(header.slice(0, 16).trim().replace(/\/$/, ""), deb.subarray(start, start + size));
    at = start + size + (size % 2);
  }
  return members;
}

function decompressed(name: string, content: Buffer): Buffer {
  const options = { maxOutputLength: mostControlBytes };
  try {
    if (name === "control.tar") return content;
    if (name === "control.tar.gz") return gunzipSync(content, options);
    if (name === "control.tar.zst") return zstdDecompressSync(content, options);
  } catch (error) {
    throw noPackage(`its control data cannot be read: ${messageOf(error)}`);
  }
  throw noPackage(`its control data is ${name}; allowed: control.tar, control.tar.gz, control.tar.zst`);
}

async function controlFile(archive: Buffer): Promise<string> {
  const reader = extract();
  reader.end(archive);
  try {
    for await (const entry of reader) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
      if (/^(\.\/)?control$/.test(entry.header.name)) return Buffer.concat(chunks).toString("utf8");
    }
  } catch (error) {
    throw noPackage(`its control data is damaged: ${messageOf(error)}`);
  }
  throw noPackage("it has no control file");
}

function fieldsOf(control: string): ReadonlyMap<string, string> {
  return new Map(
    control.split("\n").flatMap((line): [string, string][] => {
      const match = /^([A-Za-z][A-Za-z0-9-]*): *(.*)$/.exec(line);
      return match === null ? [] : [[match[1] ?? "", match[2] ?? ""]];
    }),
  );
}

function noPackage(why: string): Fault {
  return new Fault({ what: `not a usable Debian package: ${why}` });
}
