/**
 * What every flavour does with the tests' image on a host, by the commands that a person types: the same for every
 * release of Debian and every kind of cgroups.
 */
import assert from "node:assert/strict";
import { quoted } from "../../lab/shell-words.ts";
import { eventually } from "./await.ts";
import { busybox, type EngineHost } from "./engine-host.ts";
import { saidBy } from "./process.ts";

/** An emulated processor takes a dozen times as long. */
export interface Pace {
  readonly seconds: number;
}

/** Those that isolate by namespaces and cgroups, or not at all; kvm has needs of its own. */
export const walkedFlavours = ["oci", "host", "fly"] as const;
export type WalkedFlavour = (typeof walkedFlavours)[number];

/** `rkt run` of a shell command in one app. */
export function runWith(flavour: string, command: string, flags = "", image = ""): string {
  return `rkt run --stage1-name=coreos.com/rkt/stage1-${flavour} ${flags} ${busybox} ${image} --exec=/bin/sh -- -c ${quoted(command)}`;
}

export interface StartedPod {
  readonly uuid: string;
  /** The unit that it was started in. */
  readonly unit: string;
}

/** As a service of systemd's; resolves once the pod says that it is ready. */
export async function startAsService(
  host: EngineHost,
  flavour: string,
  command: string,
  { seconds }: Pace,
  flags = "--net=host",
  image = "",
): Promise<StartedPod> {
  const unit = `walk-${flavour}`;
  const file = `/run/${unit}.uuid`;
  await host.run(
    `rm -f ${file}; systemd-run --quiet --collect --unit=${unit} --property=Delegate=yes ${runWith(flavour, command, `--uuid-file-save=${file} ${flags}`, image)}`,
  );
  return { unit, uuid: await readyPod(host, file, seconds) };
}

/** From a shell, which does not wait for it. */
export async function startFromShell(
  host: EngineHost,
  command: string,
  file: string,
  { seconds }: Pace,
): Promise<string> {
  await host.run(`rm -f ${file}; setsid ${command} >${file}.log 2>&1 </dev/null & true`);
  return readyPod(host, file, seconds);
}

function readyPod(host: EngineHost, file: string, seconds: number): Promise<string> {
  return eventually(
    "the pod is ready",
    async () => {
      const uuid = await host.run(`cat ${file}`);
      await host.run(`rkt status --wait-ready=${seconds}s ${uuid} | grep -q state=running`);
      return uuid;
    },
    { seconds },
  );
}

/** The host's own number of the process that runs `sleep SECONDS` in a pod. */
export function sleeper(host: EngineHost, sleepSeconds: number, { seconds }: Pace): Promise<string> {
  return eventually("the app sleeps", () => host.run(`pgrep -f '(^|/)sleep ${sleepSeconds}$'`), { seconds });
}

export async function stopAndCollect(host: EngineHost, uuid: string, { seconds }: Pace): Promise<void> {
  await host.run(`rkt stop ${uuid}`);
  await host.run(`rkt status --wait=${seconds}s ${uuid} | grep -q state=exited`);
  await host.run("rkt gc --grace-period=0s; rkt gc --grace-period=0s");
  assert.doesNotMatch(await host.run("rkt list"), new RegExp(uuid.slice(0, 8)));
}

/** The short walk: an image runs, is listed, entered, stopped and taken away. */
export function walk(flavour: WalkedFlavour, host: () => EngineHost, pace: Pace = { seconds: 60 }): void {
  it(`runs the image under ${flavour}, and ends with the app's code`, async () => {
    const ended = await host().attempt(
      runWith(
        flavour,
        "id -u; echo $COLOUR; exit 7",
        "--net=host --set-env=COLOUR=blue",
        "--user=worker --group=workers",
      ),
    );
    assert.equal(ended.code, 7, saidBy(ended));
    assert.match(ended.stdout, /^1000\r?\nblue\r?$/m);
  });

  it(`lists, enters, stops and collects a pod of ${flavour}`, async () => {
    const { uuid } = await startAsService(host(), flavour, "exec sleep 3579", pace);
    await sleeper(host(), 3579, pace);
    assert.match(await host().run("rkt list"), new RegExp(`${uuid.slice(0, 8)}.*running`));
    assert.equal(
      await host().run(`rkt enter ${uuid} /bin/sh -c 'echo entered; ls /etc/passwd; exit 0'`),
      "entered\n/etc/passwd",
    );
    await stopAndCollect(host(), uuid, pace);
  });
}
