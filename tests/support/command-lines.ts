/** Everything that any process of this machine, lab hosts included, had on its command line while it was watched. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

export class CommandLines {
  readonly #seen = new Set<string>();
  #stopped = false;
  #watch: Promise<void> = Promise.resolve();

  start(everyMilliseconds = 40): void {
    this.#watch = this.#sample(everyMilliseconds);
  }

  /** What was seen, one line each. */
  async stop(): Promise<readonly string[]> {
    this.#stopped = true;
    await this.#watch;
    return [...this.#seen];
  }

  async #sample(everyMilliseconds: number): Promise<void> {
    const known = new Set<string>();
    while (!this.#stopped) {
      const present = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      for (const pid of present) {
        // A process that execs keeps its number: new ones are looked at twice.
        if (known.has(`${pid} again`)) continue;
        const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
        if (line === "") continue;
        this.#seen.add(line.replaceAll("\0", " "));
        known.add(known.has(pid) ? `${pid} again` : pid);
      }
      const here = new Set(present);
      for (const pid of known) if (!here.has(pid.split(" ")[0] ?? "")) known.delete(pid);
      await delay(everyMilliseconds);
    }
  }
}
