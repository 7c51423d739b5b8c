import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync, fchmodSync } from "node:fs";

let counter = 0;

/** Writes a file beside its place and moves it there, so that whoever reads finds the old or the new, whole. */
export function replaceFileSync(
  path: string,
  content: string | Uint8Array,
  {
    mode = 0o644,
    durable = false,
  }: { readonly mode?: number; /** Survives a power cut. */ readonly durable?: boolean } = {},
): void {
  counter += 1;
  const beside = `${path}.${process.pid}-${counter}.new`;
  try {
    const file = openSync(beside, "wx", mode);
    try {
      fchmodSync(file, mode);
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
