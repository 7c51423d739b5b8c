/** What an ordeal has been through already: one that was interrupted goes on where it stopped. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { PROJECT } from "../../commands/program.ts";

const schema = z.object({ seed: z.number(), passed: z.array(z.number()) });

export class OrdealProgress {
  readonly #file: string;

  constructor(name: string) {
    this.#file = join(PROJECT, "build", "ordeal", `${name}.json`);
  }

  /** The seed of the ordeal under way, if there is one. */
  async seed(): Promise<number | undefined> {
    return (await this.#read())?.seed;
  }

  async hasPassed(seed: number, round: number): Promise<boolean> {
    const known = await this.#read();
    return known?.seed === seed && known.passed.includes(round);
  }

  async pass(seed: number, round: number): Promise<void> {
    const known = await this.#read();
    const passed = known?.seed === seed ? known.passed : [];
    await mkdir(join(this.#file, ".."), { recursive: true });
    await writeFile(`${this.#file}.partial`, JSON.stringify({ seed, passed: [...passed, round] }));
    await rename(`${this.#file}.partial`, this.#file);
  }

  /** All rounds are through: the next ordeal begins anew. */
  async close(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  async #read(): Promise<z.infer<typeof schema> | undefined> {
    const text = await readFile(this.#file, "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  }
}
