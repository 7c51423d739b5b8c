/**
 * What a pod's network costs: `node tests/bench/engine/network.ts [ROUNDS]`. Beside it stands what the bare tools take
 * on the same machine at the same moment, so that a busy machine is not taken for a slow engine.
 */
import { randomUUID } from "node:crypto";
import { NetworkHost } from "../../integration/engine/networkHost.ts";

const rounds = Number(process.argv[2] ?? 30);
const host = await NetworkHost.found();
const engine = host.driver();

function line(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1);
  process.stdout.write(`${what.padEnd(44)} p50 ${at(0.5).padStart(6)} ms   p90 ${at(0.9).padStart(6)} ms\n`);
}

/** Milliseconds that a command of the host takes, without the way there. */
async function bare(what: string, command: string): Promise<void> {
  const text = await host.run(`
    for round in $(seq ${rounds}); do
      start=$(date +%s%N); ${command} >/dev/null; echo $(( ($(date +%s%N) - start) / 1000 ))
    done`);
  line(
    what,
    text.split("\n").map((microseconds) => Number(microseconds) / 1000),
  );
}

await bare("a process that does nothing", "/bin/true");
await bare("unshare, pin, loopback up", `f=/run/netns/b$round; : >$f; unshare --net=$f ip link set lo up`);
const call = (command: string): string =>
  `echo '{"cniVersion":"0.4.0","name":"bare","type":"ptp","ipam":{"type":"host-local","subnet":"10.58.0.0/24"}}' |
   CNI_COMMAND=${command} CNI_CONTAINERID=b$round CNI_NETNS=/run/netns/b$round CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni /usr/lib/cni/ptp`;
await bare("plugin ptp ADD", call("ADD"));
await bare("plugin ptp DEL", call("DEL"));
await host.run("umount /run/netns/b*; rm /run/netns/b*");

for (const [net, ports] of [
  ["none", []],
  ["default-restricted", []],
  ["default", []],
  ["default", ["http:tcp:80:0.0.0.0:8080"]],
] as const) {
  const label = `${net}${ports.length > 0 ? " with a port" : ""}`;
  const made: number[] = [];
  const gone: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const uuid = randomUUID();
    await host.makePodFolder(uuid);
    made.push((await engine.ask({ what: "setUp", uuid, net, ports: [...ports] })).milliseconds);
    gone.push((await engine.ask({ what: "tearDown", uuid })).milliseconds);
  }
  line(`setUp ${label}`, made);
  line(`tearDown ${label}, the last pod`, gone);
}

const pods = [];
for (let count = 0; count < 60; count++) pods.push(await engine.pod());
const started = performance.now();
await engine.remove(...pods);
process.stdout.write(`tearDown of 60 pods at once: ${(performance.now() - started).toFixed(0)} ms\n`);

await engine.end();
await host.end();
