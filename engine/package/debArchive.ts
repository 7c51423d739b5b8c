/** A Debian package from its files and its control data: the same bytes each time. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

import { type PackedFile, textFile, withFolders } from "./packedFile.ts";
import { tarOf } from "./tarArchive.ts";

export interface DebContents {
  readonly files: readonly PackedFile[];
  /** `control` without `Installed-Size`, maintainer scripts and whatever else dpkg reads, by name. */
  readonly control: Readonly<Record<string, string>>;
  /** Seconds since 1970, of every entry. */
  readonly time: number;
}

const scripts = ["preinst", "postinst", "prerm", "postrm"];

/** Writes the package to `target`. Compressed by gzip: xz saves a quarter, and takes five times as long to unpack. */
export async function writeDeb(target: string, { files, control, time }: DebContents): Promise<void> {
  const data = `${target}.data`;
  const controlData = `${target}.control`;
  try {
    const size = await installedKilobytes(files);
    const sums = await md5sums(files);
    const members = Object.entries({
      ...control,
      control: `${control["control"] ?? ""}Installed-Size: ${size}\n`,
      md5sums: sums,
    }).map(([name, text]) => textFile(`/${name}`, text, scripts.includes(name) ? 0o755 : 0o644));
    await compress(files, data, time);
    await compress(members, controlData, time);
    await writeAr(target, time, [
      { name: "debian-binary", content: Buffer.from("2.0\n") },
      { name: "control.tar.gz", file: controlData },
      { name: "data.tar.gz", file: data },
    ]);
  } finally {
    await Promise.all([rm(data, { force: true }), rm(controlData, { force: true })]);
  }
}

async function compress(files: readonly PackedFile[], target: string, time: number): Promise<void> {
  await pipeline(tarOf(files, { prefix: ".", time }), createGzip({ level: 6 }), createWriteStream(target));
}

type Member = { readonly name: string } & ({ readonly content: Buffer } | { readonly file: string });

/** ar(5), as dpkg wants it: a magic line, then 60 bytes before each member, which ends on an even offset. */
async function writeAr(target: string, time: number, members: readonly Member[]): Promise<void> {
  const output = await open(target, "w");
  try {
    await output.appendFile("!<arch>\n");
    for (const member of members) {
      const size = "content" in member ? member.content.length : (await stat(member.file)).size;
      const fields = [member.name.padEnd(16), String(time).padEnd(12), "0".padEnd(6), "0".padEnd(6)];
      await output.appendFile(`${fields.join("")}${"100644".padEnd(8)}${String(size).padEnd(10)}\`\n`);
      if ("content" in member) await output.appendFile(member.content);
      else for await (const chunk of createReadStream(member.file)) await output.appendFile(asBuffer(chunk));
      if (size % 2 === 1) await output.appendFile("\n");
    }
  } finally {
    await output.close();
  }
}

/** As dpkg-gencontrol counts: each file in whole kilobytes, everything else as one. */
async function installedKilobytes(files: readonly PackedFile[]): Promise<number> {
  const sizes = await Promise.all(
    withFolders(files).map(async ({ from }) => {
      if (from.kind === "bytes") return Math.ceil(from.bytes.length / 1024);
      if (from.kind === "file") return Math.ceil((await stat(from.file)).size / 1024);
      return 1;
    }),
  );
  return sizes.reduce((total, size) => total + size, 0);
}

/** What `dpkg --verify` compares with; it knows no other sum. */
async function md5sums(files: readonly PackedFile[]): Promise<string> {
  const lines: string[] = [];
  for (const { path, from } of withFolders(files)) {
    if (from.kind !== "bytes" && from.kind !== "file") continue;
    const hash = createHash("md5");
    if (from.kind === "bytes") hash.update(from.bytes);
    else await pipeline(createReadStream(from.file), hash);
    lines.push(`${hash.digest("hex")}  ${path.slice(1)}\n`);
  }
  return lines.join("");
}

function asBuffer(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  throw new Error("a file was read as something other than bytes");
}
