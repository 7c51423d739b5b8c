/** The engine on a lab host of its own, in all that its issue sets limits to. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { EngineHost } from "../../support/engine-host.ts";
import type { Figure } from "../figure.ts";
import { networkFigures } from "./network.ts";
import { memoryFigures, startFigures } from "./startFigures.ts";

/** Fetching, verifying and rendering against gpg and tar. */
const SLOWER_THAN_TOOLS = 1.5;
const MEGABYTES = 200;

export async function benchEngine(rounds: number, say: (line: string) => void): Promise<readonly Figure[]> {
  say("a host with the package");
  const host = await EngineHost.make("bench", "trixie");
  const figures: Figure[] = [];
  try {
    say(`commands, ${rounds} rounds`);
    figures.push(...(await startFigures(host, rounds)));
    say("memory");
    figures.push(...(await memoryFigures(host)));
  } finally {
    await host.remove();
  }
  say("networks");
  figures.push(...(await networkFigures(rounds)));
  say(`an image of ${MEGABYTES} MB`);
  figures.push(...(await imageFigures(Math.min(rounds, 5))));
  return figures;
}

const comparison = z.object({
  figures: z.object({ peer: z.array(z.number()), engine: z.array(z.number()) }),
});

/** In a process of its own: it measures this machine, and starts others. */
async function imageFigures(rounds: number): Promise<readonly Figure[]> {
  const program = fileURLToPath(new URL("imageToTree.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    String(MEGABYTES),
    String(rounds),
  ]);
  const { peer, engine } = comparison.parse(JSON.parse(stdout)).figures;
  return [
    { name: "image-tools", what: `gpg --verify and tar -x, ${MEGABYTES} MB`, unit: "ms", samples: peer },
    { name: "image-engine", what: `verify, import and render, ${MEGABYTES} MB`, unit: "ms", samples: engine },
    {
      name: "image",
      what: "the second against the first",
      unit: "times",
      samples: engine.map((ours, round) => ours / (peer[round] ?? NaN)),
      limit: SLOWER_THAN_TOOLS,
    },
  ];
}
