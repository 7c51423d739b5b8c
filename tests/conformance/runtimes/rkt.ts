import { PROJECT } from "../../../commands/program.ts";
import { runProcess, succeeded } from "../../support/process.ts";
import { join } from "node:path";
import type { RuntimeUnderTest } from "./runtime.ts";

const socket = "/run/rkt/cri.sock";
const policies = "/etc/rkt/trust.d";
const packages = "/opt/conformance/packages";

/** The engine. It runs nothing that the bed's key has not signed. */
export const rkt: RuntimeUnderTest = {
  name: "rkt",
  programs: [],
  unit: "rkt-cri.service",
  endpoint: `unix://${socket}`,
  verifies: true,
  files: ({ mirror, signer }) => ({
    "/etc/rkt/cri.json": JSON.stringify({
      rktKind: "cri",
      rktVersion: "v1",
      listen: socket,
      mirrors: [{ prefix: "*", location: mirror, insecure: true }],
      pinnedImages: [],
    }),
    [`${policies}/conformance.pub`]: signer,
    [`${policies}/conformance.json`]: JSON.stringify({
      rktKind: "imagePolicy",
      rktVersion: "v1",
      prefixes: ["*"],
      accept: [{ sigstoreKey: "conformance.pub" }],
    }),
    "/etc/systemd/system/rkt-cri.service": `[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/bin/rkt cri
WatchdogSec=30
KillMode=process
Delegate=yes
TasksMax=infinity
`,
  }),
  async install(host, copy) {
    const folder = join(PROJECT, "build", "packages-for-tests");
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    const made = await runProcess(process.execPath, [
      join(PROJECT, "engine/package/main.ts"),
      ...["--architecture", architecture, "--output", folder],
    ]);
    succeeded(made, "making the engine's package");
    await copy(folder, packages);
    await host.run(`set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends ${packages}/*.deb >/dev/null`);
  },
};
