/** Archives for tests, honest and hostile: nothing is checked here. */

export interface Member {
  readonly name: string | Buffer;
  /** The header's type letter; a file if left out. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly target?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  /** What the header says of the size, if that is not the content's. */
  readonly size?: number;
  readonly pax?: Readonly<Record<string, string | Buffer>>;
}

export function archiveOf(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(memberBytes), Buffer.alloc(1024)]);
}

export function memberBytes(member: Member): Buffer {
  const content = Buffer.from(member.content ?? "");
  const extension = member.pax === undefined ? [] : [paxHeader(member.pax, "x")];
  const header = headerOf({ ...member, size: member.size ?? content.length });
  return Buffer.concat([...extension, header, padded(content)]);
}

export function paxHeader(records: Readonly<Record<string, string | Buffer>>, type: string): Buffer {
  const bytes = Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length++;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
  return Buffer.concat([headerOf({ name: "pax", type, size: bytes.length }), padded(bytes)]);
}

export function gnuLong(type: "L" | "K", text: string | Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.from(text), Buffer.from("\0")]);
  return Buffer.concat([headerOf({ name: "././@LongLink", type, size: bytes.length }), padded(bytes)]);
}

export function headerOf(member: Member): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(member.name).copy(block, 0, 0, 100);
  octal(block, 100, 8, member.mode ?? (member.type === "5" ? 0o755 : 0o644));
  octal(block, 108, 8, member.uid ?? 0);
  octal(block, 116, 8, member.gid ?? 0);
  octal(block, 124, 12, member.size ?? 0);
  octal(block, 136, 12, member.mtime ?? 1_500_000_000);
  block.write(member.type ?? "0", 156, "latin1");
  Buffer.from(member.target ?? "").copy(block, 157, 0, 100);
  block.write("ustar\0" + "00", 257, "latin1");
  return withChecksum(block);
}

export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
