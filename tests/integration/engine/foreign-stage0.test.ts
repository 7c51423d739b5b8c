/** Our stage1 images as a stage0 that is not ours runs them: by the published interface and nothing else. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { eventually } from "../../support/await.ts";
import { saidBy, succeeded } from "../../support/process.ts";
import { stage1Image as flyImage } from "../../../stage1/fly/image.ts";
import { stage1Image as hostImage } from "../../../stage1/host/image.ts";
import { stage1Image as ociImage } from "../../../stage1/oci/image.ts";
import type { Stage1Image } from "../../../stage1/image.ts";
import { quoted } from "../../../lab/shell-words.ts";
import { Stage1Host, tree } from "./stage1-host.ts";

/** A stage0 in a few lines of shell: prepares a pod of one app as rkt's does, and becomes the stage1. */
function stage0(folder: string, image: Stage1Image, exec: readonly string[]): string {
  const { run = "" } = image.annotations;
  const rootfs = `${folder}/stage1/rootfs`;
  const app = { exec, user: "0", group: "0", workingDirectory: "/data" };
  const manifest = {
    acKind: "PodManifest",
    acVersion: "0.8.11",
    apps: [
      { name: "app", image: { id: `sha512-${"0".repeat(64)}`, name: "example.com/app" }, app, mounts: [] },
    ],
  };
  const files = image.files.flatMap(({ path, mode, from }) =>
    from.kind === "text"
      ? [`printf %s ${quoted(from.text)} >${rootfs}${path}; chmod ${mode.toString(8)} ${rootfs}${path}`]
      : [],
  );
  return [
    "set -eu",
    `mkdir -p ${rootfs}/opt/stage2/app/rootfs ${folder}/appsinfo/app; cp -a ${tree}/. ${rootfs}/opt/stage2/app/rootfs/`,
    ...files,
    `printf %s ${quoted(JSON.stringify(manifest))} >${folder}/pod`,
    `cd ${folder}; exec 9<.; flock -x 9; export RKT_LOCK_FD=9`,
    `exec ${rootfs}${run} --net=host --local-config=/etc/rkt --hostname=called ${basename(folder)}`,
  ].join("\n");
}

const flavours = [
  ["fly", flyImage(), "pid"],
  ["host", hostImage(), "ppid"],
  ["oci", ociImage(), "ppid"],
] as const;

describe("a stage0 that is not ours", function () {
  this.timeout(300_000);
  let host: Stage1Host;

  before(async () => {
    host = await Stage1Host.make("test-stage0", "trixie");
    await host.addPackages("systemd-container", "crun");
  });
  after(async () => {
    await host.remove();
  });

  for (const [flavour, image, pidFile] of flavours) {
    it(`runs an app with our ${flavour} image, and gets its exit code`, async () => {
      const folder = host.newPod();
      const ended = await host.lab.attempt(stage0(folder, image, ["sh", "-c", "pwd; exit 5"]));
      assert.equal(ended.code, 5, saidBy(ended));
      assert.match(ended.stdout, /^\/data\r?$/m);
    });

    it(`finds its lock held, the pod's process named, enters and stops it with our ${flavour} image`, async () => {
      const folder = host.newPod();
      const uuid = basename(folder);
      const entryPoint = (name: string): string => `${folder}/stage1/rootfs${image.annotations[name] ?? ""}`;
      const script = stage0(folder, image, ["sleep", "2468"]);
      await host.lab.run(`systemd-run --quiet --unit=stage0-${flavour} sh -c ${quoted(script)}`);
      const app = await eventually("the app runs", () => host.lab.run("pgrep -f 'sleep 2468$' | tail -1"), {
        seconds: 60,
      });
      const main = await host.lab.run(`systemctl show --value -p MainPID stage0-${flavour}`);
      assert.equal(await host.lab.run(`cat ${folder}/${pidFile}`), main);
      await host.lab.run(`! flock --nonblock -x ${folder} true`);
      const entered = await host.lab.attempt(
        `cd ${folder} && ${entryPoint("enter")} --pid=${app} --appname=app -- sh -c 'pwd; ls /data/..'`,
      );
      assert.match(succeeded(entered, "enter"), /^\/data\n/);
      succeeded(await host.lab.attempt(`cd ${folder} && ${entryPoint("stop")} ${uuid}`), "stop");
      await eventually("the lock is free", () => host.lab.run(`flock --nonblock -x ${folder} true`), {
        seconds: 60,
      });
      succeeded(await host.lab.attempt(`cd ${folder} && ${entryPoint("gc")} ${uuid}`), "gc");
    });
  }
});
