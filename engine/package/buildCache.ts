/** What is made once and used again while that of which it is made stays the same. */
import { createHash } from "node:crypto";
import { access, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

/** Builds of the same kind that are kept, for other checkouts and branches. */
const kept = 4;

export class BuildCache {
  readonly #folder: string;
  /** Several flavours may want the same program at once. */
  readonly #underWay = new Map<string, Promise<string>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The path of what `make` writes; the parts of the key are all that may decide about its bytes. */
  get(kind: string, keyParts: readonly string[], make: (path: string) => Promise<void>): Promise<string> {
    const key = `${kind}/${keyOf(keyParts)}`;
    const underWay = this.#underWay.get(key) ?? this.#provide(kind, keyParts, make);
    this.#underWay.set(key, underWay);
    return underWay;
  }

  async #provide(
    kind: string,
    keyParts: readonly string[],
    make: (path: string) => Promise<void>,
  ): Promise<string> {
    const folder = join(this.#folder, kind);
    const path = join(folder, keyOf(keyParts));
    if (await isThere(path)) {
      const now = new Date();
      await utimes(path, now, now);
      return path;
    }
    await mkdir(folder, { recursive: true });
    const draft = `${path}.${process.pid}.draft`;
    try {
      await make(draft);
      await rename(draft, path);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    await removeOld(folder);
    return path;
  }
}

/** Length before content: no two different lists of parts have the same key. */
export function keyOf(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}

async function removeOld(folder: string): Promise<void> {
  const finished = (await readdir(folder)).filter((name) => /^[0-9a-f]{32}$/.test(name));
  const aged = await Promise.all(
    finished.map(async (name) => ({
      path: join(folder, name),
      time: (await stat(join(folder, name))).mtimeMs,
    })),
  );
  // Both architectures have builds of their own.
  const old = aged.sort((a, b) => b.time - a.time).slice(2 * kept);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
