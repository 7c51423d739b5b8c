/** The few bytes of tar that an upload needs: plain files with short names, one after another. */

const BLOCK = 512;

/** A ustar header for a file of this size; its bytes follow, then `tarPadding`. */
export function tarHeader(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`a name in an upload is too long: ${name}`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, "utf8");
  header.write("0000600\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  writeSize(header, size);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export const TAR_END = Buffer.alloc(2 * BLOCK);

/** Eleven octal digits reach to 8 GiB; beyond it, the size is binary, as GNU tar writes and reads it. */
function writeSize(header: Buffer, size: number): void {
  if (size < 8 ** 11) {
    header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
    return;
  }
  header.writeBigUInt64BE(BigInt(size), 128);
  header.writeUInt8(0x80, 124);
}
