/** A cache of its own for each test. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheAt, type Cache } from "../../../provider/artefact/cache.ts";
import { artefactKinds } from "../../../provider/artefact/index.ts";
import { Lifecycle } from "../protocol/lifecycle.ts";

/** A bad network is given up at once, or a test would take as long as a user waits. */
const PATIENCE = { idleMilliseconds: 150, pauseMilliseconds: 1, fruitless: 3 };

export class Scratch {
  #folder = "";

  async begin(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "rktnetes-artefact-"));
  }

  async end(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  get cache(): Cache {
    return cacheAt(join(this.#folder, "cache"));
  }

  artefact(): Lifecycle {
    const [kind] = artefactKinds({ cache: () => this.cache, patience: PATIENCE });
    if (kind === undefined) throw new Error("there is no kind");
    return new Lifecycle(kind, "containerd");
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  async file(name: string, content: string | Buffer): Promise<string> {
    await writeFile(this.path(name), content);
    return this.path(name);
  }

  /** What lies among the downloads. */
  async downloads(): Promise<string[]> {
    return readdir(this.cache.downloads);
  }
}

export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

export function sha512(content: string | Buffer): string {
  return createHash("sha512").update(content).digest("hex");
}
