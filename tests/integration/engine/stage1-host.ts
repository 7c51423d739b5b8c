/** A lab host with the flavours of this checkout, a small root, and pods made by hand. */
import { randomUUID } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNspawnHost, deleteNetwork } from "../../../lab/hosts.ts";
import { createNetwork } from "../../../lab/network.ts";
import type { Release } from "../../../lab/releases.ts";
import { shellAssignments } from "../../../lab/shell-words.ts";
import { quoted } from "../../../lab/shell-words.ts";
import { stage1Image as flyImage } from "../../../stage1/fly/image.ts";
import { stage1Image as hostImage } from "../../../stage1/host/image.ts";
import type { Stage1Program } from "../../../stage1/image.ts";
import { stage1Image as kvmImage } from "../../../stage1/kvm/image.ts";
import { stage1Image as ociImage } from "../../../stage1/oci/image.ts";
import type { Finished } from "../../../commands/program.ts";
import { HostInLab, labOptions } from "../../support/host-in-lab.ts";
import { labRange } from "../../support/lab-range.ts";
import { runProcess, succeeded } from "../../support/process.ts";
import type { HandmadePod } from "./drive-flavour.ts";

const images = { oci: ociImage(), fly: flyImage(), host: hostImage(), kvm: kvmImage() };

const checkout = fileURLToPath(new URL("../../..", import.meta.url));
export const tree = "/opt/tree/rootfs";
const code = "/opt/rktnetes";
const pods = "/var/lib/rkt/pods/run";

export class Stage1Host {
  readonly lab: HostInLab;
  readonly #network: string;

  private constructor(network: string, name: string) {
    this.#network = network;
    this.lab = new HostInLab({ network }, name);
  }

  /** A host of a network of its own, with the flavours' code and programs on it. */
  static async make(network: string, release: Release): Promise<Stage1Host> {
    const range = await labRange(network);
    await createNetwork({ name: network, subnet: range.subnet }, labOptions);
    const name = "one";
    await createNspawnHost({ name, network, release, address: range.address(11) }, labOptions);
    const host = new Stage1Host(network, name);
    await host.#install();
    return host;
  }

  async remove(): Promise<void> {
    await deleteNetwork(this.#network, labOptions);
  }

  newPod(): string {
    return join(pods, randomUUID());
  }

  /** Runs a pod to its end. */
  run(flavour: string, folder: string, pod: Omit<HandmadePod, "tree">): Promise<Finished> {
    return this.lab.attempt(this.command(flavour, folder, pod));
  }

  /** Starts a pod in a service of its own, and returns when its process is there. */
  async start(flavour: string, folder: string, pod: Omit<HandmadePod, "tree">): Promise<string> {
    const unit = `pod-${folder.slice(-12)}.service`;
    await this.lab.run(
      `systemd-run --quiet --unit=${unit} --property=Delegate=yes --property=KillMode=mixed sh -c ${quoted(this.command(flavour, folder, pod))}`,
    );
    return unit;
  }

  command(flavour: string, folder: string, pod: Omit<HandmadePod, "tree">): string {
    const plan: HandmadePod = { tree, ...pod };
    return `mkdir -p ${folder} && cd ${folder} && exec ${drive(`run ${flavour} ${folder} ${quoted(JSON.stringify(plan))}`)}`;
  }

  enter(flavour: string, folder: string, app: string, command: readonly string[]): Promise<Finished> {
    return this.lab.attempt(drive(`enter ${flavour} ${folder} ${app} ${command.map(quoted).join(" ")}`));
  }

  stop(flavour: string, folder: string, force = false): Promise<Finished> {
    return this.lab.attempt(drive(`stop ${flavour} ${folder}${force ? " force" : ""}`));
  }

  /** Packages by apt, from where this machine has its own. */
  async addPackages(...names: readonly string[]): Promise<void> {
    await this.lab.run(
      `export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -y -qq --no-install-recommends ${names.join(" ")}`,
    );
  }

  async #install(): Promise<void> {
    const leader = await this.lab.leader();
    const inside = `/proc/${leader ?? 0}/root`;
    await mkdir(`${inside}${code}/tests/integration/engine`, { recursive: true });
    for (const part of ["engine", "stage1", "errors", "package.json"]) {
      await cp(join(checkout, part), `${inside}${code}/${part}`, { recursive: true });
    }
    const driver = "tests/integration/engine/drive-flavour.ts";
    await cp(join(checkout, driver), `${inside}${code}/${driver}`);
    await cp(process.execPath, `${inside}${code}/node`);
    for (const [flavour, image] of Object.entries(images)) {
      await mkdir(`${inside}/usr/lib/rkt/stage1/${flavour}`, { recursive: true });
      for (const program of image.programs ?? []) {
        const target = `${inside}/usr/lib/rkt/stage1/${flavour}/${program.name}`;
        if (program.kind === "file") await cp(program.file, target);
        else succeeded(await compile(program, target), `compiling ${program.name}`);
      }
    }
    await writeFile(
      `${inside}/usr/lib/rkt/stage1-entry`,
      `#!/bin/sh\nexec ${code}/node --no-warnings ${code}/stage1/main.ts "$@"\n`,
      { mode: 0o755 },
    );
    await smallRoot(`${inside}${tree}`);
  }
}

function compile({ source, static: isStatic = true }: Stage1Program, target: string): Promise<Finished> {
  return runProcess("cc", [...(isStatic ? ["-static"] : []), "-Os", "-o", target, source]);
}

function drive(words: string): string {
  return `${code}/node --no-warnings ${code}/tests/integration/engine/drive-flavour.ts ${words}`;
}

/** Debian's static busybox and the files that make a root of it. */
async function smallRoot(root: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "small-root-"));
  try {
    succeeded(await runProcess("apt-get", ["download", "busybox-static"], { cwd: scratch }), "busybox");
    const [deb = ""] = await readdir(scratch);
    succeeded(
      await runProcess("dpkg-deb", ["--extract", join(scratch, deb), join(scratch, "tree")]),
      "busybox",
    );
    const script = `set -eu
mkdir -p "$ROOT/bin" "$ROOT/etc" "$ROOT/data" "$ROOT/root"
cp --remove-destination "$BUSYBOX" "$ROOT/bin/busybox"
"$ROOT/bin/busybox" --list | grep -vx busybox | while read -r each; do ln -sf busybox "$ROOT/bin/$each"; done
printf 'root:x:0:0:root:/root:/bin/sh\\nworker:x:1000:1001:Worker:/home/worker:/bin/sh\\n' >"$ROOT/etc/passwd"
printf 'root:x:0:\\nworkers:x:1001:\\n' >"$ROOT/etc/group"
ln -sfn /somewhere/else "$ROOT/astray"
`;
    const settings = shellAssignments({ ROOT: root, BUSYBOX: join(scratch, "tree/bin/busybox") });
    succeeded(await runProcess("bash", [], { stdin: settings + script }), "laying out the root");
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
