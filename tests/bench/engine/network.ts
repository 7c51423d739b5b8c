/**
 * What a pod's network costs. Beside it stands what the bare tools take on the same machine at the same moment, so that
 * a busy machine is not taken for a slow engine.
 */
import { randomUUID } from "node:crypto";
import { NetworkHost } from "../../integration/engine/networkHost.ts";
import type { Figure } from "../figure.ts";

const networks = [
  ["none", []],
  ["default-restricted", []],
  ["default", []],
  ["default", ["http:tcp:80:0.0.0.0:8080"]],
] as const;

const MANY = 60;

export async function networkFigures(rounds: number): Promise<readonly Figure[]> {
  const host = await NetworkHost.found();
  const engine = host.driver();
  try {
    const figures = [...(await bareTools(host, rounds))];
    for (const [net, ports] of networks) {
      const made: number[] = [];
      const gone: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const uuid = randomUUID();
        await host.makePodFolder(uuid);
        made.push((await engine.ask({ what: "setUp", uuid, net, ports: [...ports] })).milliseconds);
        gone.push((await engine.ask({ what: "tearDown", uuid })).milliseconds);
      }
      const label = `${net}${ports.length > 0 ? " with a port" : ""}`;
      figures.push(
        figure(`network ${label}: joining`, made),
        figure(`network ${label}: leaving, the last pod`, gone),
      );
    }
    const pods = [];
    for (let count = 0; count < MANY; count++) pods.push(await engine.pod());
    const started = performance.now();
    await engine.remove(...pods);
    figures.push(figure(`network default: ${MANY} pods leave at once`, [performance.now() - started]));
    return figures;
  } finally {
    await engine.end();
    await host.end();
  }
}

async function bareTools(host: NetworkHost, rounds: number): Promise<readonly Figure[]> {
  const bare = async (what: string, command: string): Promise<Figure> => {
    const text = await host.run(`
    for round in $(seq ${rounds}); do
      start=$(date +%s%N); ${command} >/dev/null; echo $(( ($(date +%s%N) - start) / 1000 ))
    done`);
    return figure(
      what,
      text.split("\n").map((microseconds) => Number(microseconds) / 1000),
    );
  };
  const plugin = (command: string): string =>
    `echo '{"cniVersion":"0.4.0","name":"bare","type":"ptp","ipam":{"type":"host-local","subnet":"10.58.0.0/24"}}' |
   CNI_COMMAND=${command} CNI_CONTAINERID=b$round CNI_NETNS=/run/netns/b$round CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni /usr/lib/cni/ptp`;
  const figures = [
    await bare(
      "unshare, pin, loopback up",
      `f=/run/netns/b$round; : >$f; unshare --net=$f ip link set lo up`,
    ),
    await bare("plugin ptp ADD", plugin("ADD")),
    await bare("plugin ptp DEL", plugin("DEL")),
  ];
  await host.run("umount /run/netns/b*; rm /run/netns/b*");
  return figures;
}

function figure(what: string, samples: readonly number[]): Figure {
  return { name: what.replaceAll(/[^a-z0-9]+/gi, "-"), what, unit: "ms", samples };
}
