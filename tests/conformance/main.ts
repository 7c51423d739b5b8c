/** `make conformance`: critest against a runtime on a lab host, by both streaming transports. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { PROJECT } from "../../commands/program.ts";
import { messageOf } from "../../errors/fault.ts";
import { labFolders } from "../../lab/folders.ts";
import type { LabOptions } from "../../lab/options.ts";
import { assertLabPossible } from "../../lab/preflight.ts";
import { labRange } from "../support/lab-range.ts";
import { Bed } from "./bed.ts";
import { runCritest, writeTable } from "./critest.ts";
import { exceptions, transports, type Transport } from "./exceptions.ts";
import { containerd } from "./runtimes/containerd.ts";
import { rkt } from "./runtimes/rkt.ts";
import { runtimeNames, type RuntimeName, type RuntimeUnderTest } from "./runtimes/runtime.ts";
import { complaintsOf, countsOf, renderTable } from "./table.ts";
import { askForTwins } from "./twins.ts";
import { isGood, judge, type Verdict } from "./verdict.ts";

const runtimes: Readonly<Record<RuntimeName, RuntimeUnderTest>> = { containerd, rkt };

const usage = `critest against a runtime on a throw-away host. Needs root.

  --runtime NAME     ${runtimeNames.join(" or ")}
  --focus REGEX      only specs whose names match
  --transport NAME   only ${transports.join(" or only ")}; else all specs by the first and those that stream by the other
  --network NAME     of the lab network (conformance)
  --subnet CIDR      of the lab network
  --keep             leave host and registry standing
`;

/** All other specs do not stream, and run once. */
const streamingSpecs = "Streaming";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      runtime: { type: "string", default: "containerd" },
      focus: { type: "string" },
      transport: { type: "string" },
      network: { type: "string", default: "conformance" },
      subnet: { type: "string" },
      keep: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const runtime = runtimes[z.enum(runtimeNames).parse(values.runtime)];
  const transport = z.enum(transports).optional().parse(values.transport);
  await assertLabPossible();
  const { network, subnet = (await labRange(network)).subnet } = values;
  const bed = await Bed.make({ network, subnet, runtime }, options);
  try {
    const runs: { readonly transport: Transport; readonly focus?: string }[] =
      transport === undefined
        ? [
            { transport: "spdy", ...focused(values.focus) },
            { transport: "websocket", focus: values.focus ?? streamingSpecs },
          ]
        : [{ transport, ...focused(values.focus) }];
    const verdicts: Verdict[] = [];
    for (const run of runs) verdicts.push(await oneRun(bed, run));
    const twins = runtime.verifies ? await askForTwins(bed) : { refused: 0, wrong: [] };
    if (runtime.verifies) process.stdout.write(`${runtime.name}: ${twins.refused} unsigned images refused\n`);
    for (const line of twins.wrong) process.stdout.write(`  ✘ ${line}\n`);
    const passed = verdicts.reduce((sum, verdict) => sum + verdict.passed.length, twins.refused);
    const wrong = verdicts.reduce((sum, verdict) => sum + complaintsOf(verdict).length, twins.wrong.length);
    process.stdout.write(`\n${passed} passed, ${wrong} failed\n`);
    return verdicts.every(isGood) && wrong === 0 ? 0 : 1;
  } finally {
    if (!values.keep) await bed.remove();
  }
}

async function oneRun(
  bed: Bed,
  run: { readonly transport: Transport; readonly focus?: string },
): Promise<Verdict> {
  const { name } = bed.runtime;
  const began = performance.now();
  options.progress(`critest against ${name}, ${run.focus ?? "all specs"}, streaming by ${run.transport}`);
  const folder = join(PROJECT, "build", "conformance", name, run.transport);
  const results = await runCritest(bed, { ...run, folder });
  const circumstances = { runtime: name, transport: run.transport, whole: run.focus === undefined };
  const verdict = judge(results, exceptions, circumstances);
  await writeTable(folder, renderTable(verdict, circumstances));
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  process.stdout.write(
    `${name}, ${run.transport}: ${countsOf(verdict)} (${seconds} s; ${folder}/table.md)\n`,
  );
  for (const complaint of complaintsOf(verdict)) process.stdout.write(`  ✘ ${complaint}\n`);
  return verdict;
}

function focused(focus: string | undefined): { readonly focus?: string } {
  return focus === undefined ? {} : { focus };
}

const options: LabOptions = {
  folders: labFolders(),
  progress: (line) => {
    process.stderr.write(`${line}\n`);
  },
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`conformance: ${messageOf(error)}\n`);
  return 1;
});
