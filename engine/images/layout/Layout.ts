/** An OCI image layout on disk: a folder of blobs named by their hashes, with an index of images. */
import { createReadStream } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { diskFault } from "../../../errors/diskFault.ts";
import { Fault } from "../../../errors/fault.ts";
import { LARGEST_MANIFEST, readImageDocument, type Descriptor, type OciIndex } from "../oci/documents.ts";
import { digestOf } from "../registry/RegistryClient.ts";

export class Layout {
  readonly folder: string;
  /** As the person named it. */
  readonly where: string;
  readonly index: OciIndex;

  private constructor(folder: string, where: string, index: OciIndex) {
    this.folder = folder;
    this.where = where;
    this.index = index;
  }

  static async open(folder: string, where: string): Promise<Layout> {
    await readRegular(join(folder, "oci-layout"), 4096).catch((error: unknown) => {
      throw new Fault({
        what: "that is no OCI image layout",
        where,
        cause: error,
        allowed: "a folder with oci-layout, index.json and blobs/",
      });
    });
    const bytes = await readRegular(join(folder, "index.json"), LARGEST_MANIFEST);
    const document = readImageDocument(bytes, "application/vnd.oci.image.index.v1+json", where);
    if (document.kind !== "index") throw new Fault({ what: "index.json is no index", where });
    return new Layout(folder, where, document.index);
  }

  /** A blob small enough for memory; its bytes are those of its digest. */
  async smallBlob({ digest }: Pick<Descriptor, "digest">, largest: number): Promise<Buffer> {
    const bytes = await readRegular(this.#path(digest), largest);
    const got = digestOf(bytes);
    if (got === digest) return bytes;
    throw new Fault({ what: "a blob is not what its name says", where: this.where, got, allowed: digest });
  }

  /** Whoever takes it in checks the digest. */
  async blob({ digest, size }: Descriptor): Promise<Readable> {
    const path = this.#path(digest);
    const found = await sizeOfRegular(path);
    if (found !== size) {
      throw new Fault({
        what: "a blob has another size than was announced",
        where: path,
        got: `${found} bytes`,
        allowed: `${size} bytes`,
      });
    }
    return createReadStream(path, { highWaterMark: 1 << 20 });
  }

  #path(digest: string): string {
    return join(this.folder, "blobs", "sha256", digest.slice("sha256:".length));
  }
}

async function readRegular(path: string, largest: number): Promise<Buffer> {
  const size = await sizeOfRegular(path);
  if (size > largest) {
    throw new Fault({
      what: "the file is too large",
      where: path,
      got: `${size} bytes`,
      allowed: `at most ${largest} bytes`,
    });
  }
  const file = await open(path, "r");
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** No link: a layout from elsewhere must not name this host's files. */
async function sizeOfRegular(path: string): Promise<number> {
  const found = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && "syscall" in error) error.syscall = "open";
    throw diskFault(error);
  });
  if (found.isFile()) return found.size;
  throw new Fault({ what: `${path} is no regular file` });
}
