/** Commands of the engine that are killed on a host, and what must not be left of them. */
import assert from "node:assert/strict";
import { quoted } from "../../lab/shell-words.ts";
import { eventually } from "./await.ts";
import { busybox, files, type EngineHost } from "./engine-host.ts";
import type { Chance } from "./seed.ts";

/** A command of busybox in a pod without network. */
export function pod(command: string, flags = ""): string {
  return `rkt run --net=none ${flags} ${busybox} --exec=/bin/sh -- -c ${quoted(command)}`;
}

/** A pod in a service of its own; resolves when its apps run. */
export async function startService(
  host: EngineHost,
  name: string,
  command: string,
  flags = "",
): Promise<string> {
  await host.run(
    `systemd-run --quiet --collect --unit=${name} --property=Delegate=yes ${pod(command, `--uuid-file-save=/run/${name}.uuid ${flags}`)}`,
  );
  return eventually(
    `pod of ${name}`,
    async () => {
      const uuid = await host.run(`cat /run/${name}.uuid`);
      await host.run(`rkt status --wait-ready=20s ${uuid} | grep -q state=running`);
      return uuid;
    },
    { seconds: 30 },
  );
}

const commands = [
  pod("sleep 1000"),
  `rkt run ${busybox} --exec=/bin/sleep -- 1000`,
  `rkt prepare ${busybox}`,
  `rkt fetch ${files}/busybox.aci`,
  "rkt gc --grace-period=0s",
] as const;

/** The whole group of processes, as a person's terminal or a service manager would: a pod is killed with its command. */
export async function killSomeCommand(host: EngineHost, chance: Chance): Promise<void> {
  const command = commands[chance.between(0, commands.length)] ?? commands[0];
  const seconds = chance.between(5, 700) / 1000;
  await host.attempt(
    `setsid sh -c ${quoted(`exec ${command}`)} >/dev/null 2>&1 & pid=$!; sleep ${seconds}; kill -KILL -- -$pid 2>/dev/null; wait $pid 2>/dev/null; true`,
  );
}

/** The survivor runs, gc has cleared what the killed left, and a new pod starts. */
export async function nothingLeft(host: EngineHost, survivor: string, before: string): Promise<void> {
  assert.match(await host.run(`rkt status ${survivor}`), /state=running/);
  await eventually(
    "nothing left of the killed",
    async () => {
      await host.run("rkt gc --grace-period=0s --expire-prepared=0s");
      assert.equal(await traces(host), before);
    },
    { seconds: 30, everyMilliseconds: 1000 },
  );
  await host.run(`rkt run --net=none ${busybox}`);
  await host.run("rkt gc --grace-period=0s");
}

/** Whatever a dead pod could have left on the host. */
export function traces(host: EngineHost): Promise<string> {
  return host.run(`cd /var/lib/rkt
ls pods/*/ | grep -E '^[0-9a-f-]{36}$' | sort
find cas -name '*.new' -o -path 'cas/tmp/*' | sort
grep -c /var/lib/rkt /proc/mounts || true
ls /run/netns 2>/dev/null
ip -brief link | grep -c veth || true
ls /var/lib/cni/networks/*/ 2>/dev/null | grep -E '^[0-9]+\\.' || true
find /sys/fs/cgroup -type d -path '*rkt*' | grep -c . || true
nft list ruleset`);
}
