/** Archives of which two made of the same files are the same bytes: sorted, everything root's, one time for all. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

import { type Pack, pack } from "tar-stream";

import { type PackedFile, withFolders } from "./packedFile.ts";

export interface TarOptions {
  /** What stands before each absolute path: `.` for Debian, nothing for an ACI. */
  readonly prefix: string;
  /** Seconds since 1970, of every entry. */
  readonly time: number;
}

type Sink = ReturnType<Pack["entry"]>;

/** The bytes of an archive, made while they are read. */
export function tarOf(files: readonly PackedFile[], options: TarOptions): AsyncIterable<unknown> {
  const archive = pack();
  const entries = withFolders(files);
  fill(archive, entries, options).then(
    () => {
      archive.finalize();
    },
    (error: unknown) => {
      archive.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return archive;
}

async function fill(archive: Pack, entries: readonly PackedFile[], options: TarOptions): Promise<void> {
  for (const { path, mode, from } of entries) {
    const header: Parameters<Pack["entry"]>[0] = {
      name: `${options.prefix}${path}`.replace(/^\//, ""),
      mode,
      mtime: new Date(options.time * 1000),
      uid: 0,
      gid: 0,
      uname: "root",
      gname: "root",
    };
    switch (from.kind) {
      case "folder":
        archive.entry({ ...header, name: `${header.name}/`, type: "directory" });
        break;
      case "link":
        archive.entry({ ...header, mode: 0o777, type: "symlink", linkname: from.target });
        break;
      case "bytes":
        await written((done) => {
          archive.entry({ ...header, size: from.bytes.length }, Buffer.from(from.bytes), done);
        });
        break;
      case "file": {
        const { size } = await stat(from.file);
        await written((done) => {
          void copyInto(archive.entry({ ...header, size }, done), from.file, done);
        });
        break;
      }
    }
  }
}

function written(write: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    write((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}

async function copyInto(sink: Sink, file: string, failed: (error: Error) => void): Promise<void> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
      if (!sink.write(chunk)) await new Promise<void>((resolve) => sink.once("drain", resolve));
    sink.end(undefined);
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error)));
  }
}
