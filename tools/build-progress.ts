/** What a person sees while programs are built: a bar on a terminal, a line now and then elsewhere. */
import type { Program } from "./catalogue.ts";
import type { BuildListener } from "./go-compiler.ts";

export interface RunningBuild {
  readonly name: string;
  readonly started: number;
  readonly fetched: number;
  readonly compiled: number;
  /** Unknown until everything is fetched. */
  readonly total?: number;
}

export interface Screen {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
}

const lineInterval = 20_000;
const frameInterval = 200;

export class BuildProgress {
  readonly #screen: Screen;
  readonly #running = new Map<string, RunningBuild>();
  readonly #timer: NodeJS.Timeout;
  #drawn = false;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#timer = setInterval(
      () => {
        this.#draw();
      },
      screen.isTTY ? frameInterval : lineInterval,
    );
    this.#timer.unref();
  }

  say(line: string): void {
    this.#erase();
    this.#screen.write(`${line}\n`);
  }

  begin(program: Program, version: string): BuildListener {
    const name = program.name;
    this.say(
      `  build  ${name} ${version}: ${program.purpose} (cold about ${formatSeconds(program.coldSeconds * 1000)} on two cores)`,
    );
    this.#running.set(name, { name, started: Date.now(), fetched: 0, compiled: 0 });
    const change = (by: (build: RunningBuild) => Partial<RunningBuild>): void => {
      const build = this.#running.get(name);
      if (build !== undefined) this.#running.set(name, { ...build, ...by(build) });
    };
    return {
      fetching: () => {
        change((build) => ({ fetched: build.fetched + 1 }));
      },
      packages: (total) => {
        change(() => ({ total }));
      },
      compiled: () => {
        change((build) => ({ compiled: build.compiled + 1 }));
      },
    };
  }

  end(name: string, line: string): void {
    this.#running.delete(name);
    this.say(line);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #draw(): void {
    if (this.#running.size === 0) return;
    const status = [...this.#running.values()].map((build) => renderBuild(build, Date.now()));
    if (!this.#screen.isTTY) {
      for (const line of status) this.#screen.write(`         ${line}\n`);
      return;
    }
    this.#erase();
    this.#screen.write(status.join(" · ").slice(0, this.#screen.columns - 1));
    this.#drawn = true;
  }

  #erase(): void {
    if (this.#drawn) this.#screen.write("\r\u001b[K");
    this.#drawn = false;
  }
}

/** One build's state in a few words. */
export function renderBuild(build: RunningBuild, now: number): string {
  const elapsed = formatSeconds(now - build.started);
  if (build.total === undefined) {
    const fetched = build.fetched === 0 ? "" : `, ${String(build.fetched)} modules so far`;
    return `${build.name} fetching sources${fetched} ${elapsed}`;
  }
  const share = Math.min(1, build.total === 0 ? 1 : build.compiled / build.total);
  const width = 12;
  const filled = Math.round(share * width);
  const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
  return `${build.name} ${bar} ${String(build.compiled)} of at most ${String(build.total)} packages ${elapsed}`;
}

/** 61,000 ms → `1m01s`. */
export function formatSeconds(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${String(seconds)}s`;
  return `${String(Math.floor(seconds / 60))}m${String(seconds % 60).padStart(2, "0")}s`;
}
