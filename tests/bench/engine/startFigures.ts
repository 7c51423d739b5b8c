/** How long commands take on a host with the package, and what pods cost in memory. */
import { busybox, type EngineHost } from "../../support/engine-host.ts";
import { eventually } from "../../support/await.ts";
import type { Figure } from "../figure.ts";
import {
  memoryOf,
  memoryScript,
  runPod,
  timeScript,
  timingsOf,
  type TimedCommand,
  type Timing,
} from "./hostScripts.ts";

interface Row extends TimedCommand {
  readonly what: string;
  readonly limit?: number;
}

const node = "/usr/lib/rkt/bin/node";
const bundle = "/srv/bare";

/** Beside the engine's own commands, what they are made of: a Node.js that does nothing, a crun that runs as much. */
const starting: readonly Row[] = [
  { name: "true", what: "a program that does nothing", command: "/bin/true" },
  { name: "node", what: "Node.js that does nothing", command: `${node} -e 0` },
  { name: "crun", what: "crun run, of the same app", command: `crun run --bundle ${bundle} bare` },
  { name: "version", what: "rkt version", command: "rkt version" },
  { name: "oci", what: "rkt run, oci, --net=none", command: runPod("oci", "none"), limit: 120 },
  { name: "fly", what: "rkt run, fly, --net=none", command: runPod("fly", "none"), limit: 100 },
  { name: "host", what: "rkt run, host, --net=none", command: runPod("host", "none"), limit: 500 },
  { name: "oci-default", what: "rkt run, oci, default network", command: runPod("oci", "default") },
  { name: "fly-default", what: "rkt run, fly, the host's network", command: runPod("fly", "default") },
  { name: "host-default", what: "rkt run, host, default network", command: runPod("host", "default") },
];

const DEAD = 60;
const PREPARED = 40;

const amongMany: readonly Row[] = [
  { name: "list", what: `rkt list, ${DEAD + PREPARED} pods`, command: "rkt list", limit: 120 },
  {
    name: "oci-among",
    what: `rkt run, oci, beside ${DEAD} dead pods`,
    command: runPod("oci", "none"),
    limit: 120,
  },
];

const collect = "rkt gc --grace-period=0s";
const collecting: Row = {
  name: "gc",
  what: `rkt gc, ${DEAD} dead pods`,
  command: collect,
  limit: 1000,
};

export async function startFigures(host: EngineHost, rounds: number): Promise<readonly Figure[]> {
  await makeBareBundle(host);
  await host.run(timeScript(starting, 1, collect)); // whatever is slow only once
  const alone = timingsOf(await host.run(timeScript(starting, rounds, collect)));
  await makeDeadPods(host);
  await host.run(`for each in $(seq ${PREPARED}); do rkt prepare ${busybox}; done >/dev/null`);
  const among = timingsOf(await host.run(timeScript(amongMany, Math.ceil(rounds / 2))));
  await host.run(`${collect} --expire-prepared=0s`);
  const collected: Timing[] = [];
  for (let round = 0; round < Math.max(3, Math.ceil(rounds / 5)); round++) {
    await makeDeadPods(host);
    collected.push(...timingsOf(await host.run(timeScript([collecting], 1))));
  }
  return [
    ...starting.map((row) => figureOf(row, alone)),
    ...amongMany.map((row) => figureOf(row, among)),
    figureOf(collecting, collected),
  ];
}

function figureOf({ name, what, limit }: Row, timings: readonly Timing[]): Figure {
  const own = timings.filter((timing) => timing.name === name);
  return {
    name,
    what,
    unit: "ms",
    samples: own.map(({ milliseconds }) => milliseconds),
    processor: own.map(({ processor }) => processor),
    ...(limit !== undefined && { limit }),
  };
}

async function makeDeadPods(host: EngineHost): Promise<void> {
  await host.run(`for each in $(seq ${DEAD}); do ${runPod("oci", "none")}; done >/dev/null`);
}

/** The same app, as crun gets it from nobody but a person. */
async function makeBareBundle(host: EngineHost): Promise<void> {
  await host.run(`set -e
${runPod("oci", "none")}
rm -rf ${bundle}
mkdir -p ${bundle}
cd ${bundle}
cp -a "$(ls -d /var/lib/rkt/cas/tree/*/rootfs | head -1)" rootfs
crun spec
sed -i 's|"terminal": true|"terminal": false|; s|"sh"|"/bin/true"|' config.json`);
}

const memoryLimits = { oci: 2, host: 13 } as const;

export async function memoryFigures(host: EngineHost): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [flavour, limit] of Object.entries(memoryLimits)) {
    const unit = `bench-${flavour}`;
    const uuidFile = `/run/${unit}.uuid`;
    await host.run(
      `systemd-run --quiet --collect --unit=${unit} --property=Delegate=yes rkt run --uuid-file-save=${uuidFile} --stage1-name=coreos.com/rkt/stage1-${flavour} --net=none ${busybox} --exec=/bin/sleep -- 1000`,
    );
    const processes = await eventually(
      `the pod of ${flavour} runs`,
      async () => {
        await host.run(`rkt status --wait-ready=20s $(cat ${uuidFile}) | grep -q state=running`);
        const main = await host.run(`systemctl show --value --property=MainPID ${unit}`);
        await host.run(`pgrep --full '^/bin/sleep 1000$'`);
        return memoryOf(await host.run(`set -- ${main}\n${memoryScript}`));
      },
      { seconds: 30 },
    );
    await host.run(`systemctl stop ${unit}; ${collect}`);
    const sum = (of: "alone" | "withShares"): number =>
      processes.reduce((total, each) => total + each[of], 0);
    const names = processes.map(({ name }) => name).join(", ");
    figures.push(
      {
        name: `memory-${flavour}`,
        what: `memory beyond the app, ${flavour}`,
        unit: "MB",
        samples: [sum("withShares")],
        limit,
      },
      {
        name: `memory-alone-${flavour}`,
        what: `of it shared with nobody (${names})`,
        unit: "MB",
        samples: [sum("alone")],
      },
    );
  }
  return figures;
}
