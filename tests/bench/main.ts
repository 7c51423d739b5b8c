/**
 * `make bench`: measures, writes what it found to build/bench as JSON, as a table and as a picture, and fails where a
 * limit does not hold.
 *
 *   node tests/bench/main.ts [engine…]      ROUNDS=20
 */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../commands/program.ts";
import { benchEngine } from "./engine/bench.ts";
import { holds, median, quantile, type Figure } from "./figure.ts";
import { plotOf } from "./plot.ts";
import { tableOf } from "./table.ts";

const benches: Readonly<
  Record<string, (rounds: number, say: (line: string) => void) => Promise<readonly Figure[]>>
> = { engine: benchEngine };

const target = join(PROJECT, "build", "bench");

async function measure(name: string, rounds: number): Promise<boolean> {
  const bench = benches[name];
  if (bench === undefined) {
    throw new Error(`there is no bench ${name}; there are: ${Object.keys(benches).join(", ")}`);
  }
  const before = loadavg();
  const began = new Date();
  const figures = await bench(rounds, (line) => {
    process.stderr.write(`bench ${name}: ${line}\n`);
  });
  const machine = {
    processors: availableParallelism(),
    model: cpus()[0]?.model ?? "",
    kernel: release(),
    load: { before: rounded(before), after: rounded(loadavg()) },
  };
  const heading = `${name}, ${began.toISOString().slice(0, 16)}Z, ${machine.processors} x ${machine.model}, Linux ${machine.kernel}, load ${machine.load.before.join(" ")} before and ${machine.load.after.join(" ")} after`;
  const table = `${heading}\n\n${tableOf(figures)}`;
  await mkdir(target, { recursive: true });
  const summary = figures.map((figure) => ({
    ...figure,
    median: median(figure.samples),
    ninetyPercent: quantile(figure.samples, 0.9),
    holds: holds(figure),
  }));
  const json = { bench: name, began: began.toISOString(), rounds, machine, figures: summary };
  await writeFile(join(target, `${name}.json`), `${JSON.stringify(json, undefined, 2)}\n`);
  await writeFile(join(target, `${name}.txt`), table);
  await writeFile(join(target, `${name}.svg`), plotOf(heading, figures));
  process.stdout.write(`${table}\nbuild/bench/${name}.{json,txt,svg}\n`);
  return figures.every(holds);
}

function rounded(load: readonly number[]): readonly number[] {
  return load.map((each) => Number(each.toFixed(1)));
}

const asked = process.argv.slice(2);
const rounds = Number(process.env["ROUNDS"] ?? 20);
for (const name of asked.length === 0 ? Object.keys(benches) : asked) {
  if (!(await measure(name, rounds))) process.exitCode = 1;
}
