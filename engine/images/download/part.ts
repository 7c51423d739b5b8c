/**
 * The bytes of a download so far: a file among the store's temporary ones, named by what it is of and by who writes it.
 * One that a killed process has left is taken over and continued.
 */
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { hasCode } from "../../../errors/diskFault.ts";
import { Fault } from "../../../errors/fault.ts";
import { thisProcess } from "../../pods/owner.ts";
import { makerLives } from "../../store/storeFolders.ts";

/** Those that this process writes just now, which no other download in it may take over. */
const inHand = new Set<string>();
let counter = 0;

export class Part {
  readonly #folder: string;
  readonly #key: string;
  readonly #file: FileHandle;
  #name: string;
  #size: number;
  #validator: string | undefined;
  #inherited: boolean;

  private constructor(folder: string, key: string, name: string, file: FileHandle, size: number) {
    this.#folder = folder;
    this.#key = key;
    this.#name = name;
    this.#file = file;
    this.#size = size;
    this.#validator = validatorIn(name);
    this.#inherited = size > 0;
  }

  /** `key` says what it is of: a digest, or the hash of a URL. Letters and digits only. */
  static async open(folder: string, key: string): Promise<Part> {
    await mkdir(folder, { recursive: true });
    const left = await adopt(folder, key);
    const inherited = left === undefined ? undefined : await openPart(folder, left);
    if (left !== undefined && inherited !== undefined) {
      return new Part(folder, key, left, inherited, (await inherited.stat()).size);
    }
    const name = nameFor(key, undefined);
    const file = await openPart(folder, name);
    if (file === undefined) throw new Fault({ what: `open ${join(folder, name)}: permission denied` });
    return new Part(folder, key, name, file, 0);
  }

  get path(): string {
    return join(this.#folder, this.#name);
  }

  get size(): number {
    return this.#size;
  }

  /** What the server said its bytes are a version of: an entity tag or a date. */
  get validator(): string | undefined {
    return this.#validator;
  }

  /** Whether its beginning comes from a process that is no more. */
  get inherited(): boolean {
    return this.#inherited;
  }

  async append(piece: Uint8Array): Promise<void> {
    await this.#file.appendFile(piece);
    this.#size += piece.length;
  }

  /** From the beginning, with bytes of another version. It is in the file's name, so that both are one step. */
  async restart(validator: string | undefined): Promise<void> {
    await this.#file.truncate(0);
    this.#size = 0;
    this.#inherited = false;
    if (validator === this.#validator) return;
    const name = nameFor(this.#key, validator);
    inHand.add(name);
    await rename(this.path, join(this.#folder, name));
    inHand.delete(this.#name);
    this.#name = name;
    this.#validator = validatorIn(name);
  }

  read(): Readable {
    return createReadStream(this.path, { highWaterMark: 1 << 20 });
  }

  /** Leaves it for a later download to continue. */
  async leave(): Promise<void> {
    await this.#file.close();
    inHand.delete(this.#name);
  }

  async remove(): Promise<void> {
    await this.#file.close();
    await rm(this.path, { force: true });
    inHand.delete(this.#name);
  }
}

/**
 * A name among the store's temporary files. It says whose it is, in the way by which gc tells what nobody needs any
 * more.
 */
export function temporaryName(purpose: string): string {
  counter += 1;
  return `${ownPrefix()}${purpose}-${counter}`;
}

function ownPrefix(): string {
  const { pid, started, boot } = thisProcess();
  return `${pid}.${started}.${boot}.`;
}

/** The file's name holds the validator, so that the two cannot come apart when a process is killed. */
function nameFor(key: string, validator: string | undefined): string {
  const version = validator === undefined ? "" : Buffer.from(validator).toString("hex");
  // A name has at most 255 bytes; a longer version is as good as none.
  return temporaryName(`download-${key}-${version.length > 100 ? "" : version}`);
}

function validatorIn(name: string): string | undefined {
  const version = /\.download-[A-Za-z0-9]+-([0-9a-f]*)-\d+$/.exec(name)?.[1] ?? "";
  return version === "" ? undefined : Buffer.from(version, "hex").toString();
}

/** Undefined where it is somebody's who shares nothing with us: then it is taken away, and nobody continues it. */
async function openPart(folder: string, name: string): Promise<FileHandle | undefined> {
  const path = join(folder, name);
  inHand.add(name);
  try {
    const file = await open(path, "a+", 0o660);
    // For the group, whatever this process's umask is: any of its members may fetch.
    await file.chmod(0o660).catch((error: unknown) => {
      if (!hasCode(error, "EPERM")) throw error;
    });
    return file;
  } catch (error) {
    inHand.delete(name);
    if (!hasCode(error, "EACCES")) throw error;
    await rm(path, { force: true });
    return undefined;
  }
}

async function adopt(folder: string, key: string): Promise<string | undefined> {
  for (const left of await readdir(folder)) {
    if (!left.includes(`.download-${key}-`) || inHand.has(left)) continue;
    if (!left.startsWith(ownPrefix()) && makerLives(left)) continue;
    const name = nameFor(key, validatorIn(left));
    // Before it is there: others in this process look as well.
    inHand.add(name);
    try {
      await rename(join(folder, left), join(folder, name));
      return name;
    } catch (error) {
      inHand.delete(name);
      // Another process was quicker to take it over.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
  return undefined;
}
