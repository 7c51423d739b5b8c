/**
 * A throw-away host in QEMU: a kernel of its own, cgroup v2, systemd as PID 1, all capabilities. Slower to
 * start than one in systemd-nspawn, and much slower to run where KVM does not work.
 */
import { mkdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../errors/fault.ts";
import { accelerator, type Accelerator } from "../stage1/kvm/accelerator.ts";
import { baseTree } from "./base-tree.ts";
import { baseImage, makeDisk } from "./disk-image.ts";
import { readIfThere } from "./files.ts";
import type { LabFolders } from "./folders.ts";
import { seedFiles, seedFolders } from "./host-files.ts";
import { readHostRecord, recordOf, writeHostRecord, type HostRecord } from "./host-record.ts";
import { newIdentity } from "./identity.ts";
import type { Lock } from "./lock.ts";
import { hostNames } from "./names.ts";
import type { Network } from "./network.ts";
import type { LabOptions } from "./options.ts";
import { send } from "./process.ts";
import { attempt, run } from "./program.ts";
import { answers, networkFor, refuseOther, withHostLock, type KvmSpec, type LabHost } from "./residents.ts";
import { sshArguments } from "./ssh.ts";
import {
  bootsBeyond,
  bootsOf,
  failedStart,
  isRunning,
  startSupervised,
  stopSupervised,
  payloadOf,
} from "./supervised.ts";

/** Emulation of a slow processor on a busy machine takes its time. */
const readyMilliseconds: Readonly<Record<Accelerator, number>> = { kvm: 120_000, tcg: 600_000 };
const marker = "lab: this host is up";

export async function createKvmHost(spec: KvmSpec, options: LabOptions): Promise<LabHost> {
  const network = await networkFor(spec, options.folders);
  const base = await baseTree(spec.release, "kvm", options);
  const image = await baseImage(base, options);
  const { accelerator: means, reason } = await accelerator({
    qemu: "qemu-system-x86_64",
    kernel: await realpath(join(base, "vmlinuz")),
    verdictFile: join(options.folders.lab, "accelerator"),
    trying() {
      options.progress("trying whether /dev/kvm works");
    },
  });
  return withHostLock(spec.network, spec.name, options, async (folder, lock) => {
    const known = await readHostRecord(folder);
    if (known !== undefined) refuseOther(known, "kvm", spec);
    const made = known ?? (await make(spec, network, base, image, folder, lock, options));
    const record = { ...made, memoryMiB: spec.memoryMiB, cpus: spec.cpus };
    const resized = made.memoryMiB !== spec.memoryMiB || made.cpus !== spec.cpus;
    if (resized) {
      if (await isRunning(folder)) await stopKvmHost(made, folder, 60_000, options.folders);
      await writeHostRecord(folder, record);
    }
    if (!(await isRunning(folder))) {
      options.progress(`${spec.name}: booting on ${means === "kvm" ? "KVM" : `emulation, for ${reason}`}`);
      await start(record, network, means, folder);
    }
    await awaitUp(record, folder, 0, readyMilliseconds[means], options);
    return { ...record, status: "running" };
  });
}

/** Asked over ssh, as an administrator would; what hangs is cut off after the grace. */
export async function stopKvmHost(
  record: HostRecord | undefined,
  folder: string,
  graceMilliseconds: number,
  folders: LabFolders,
): Promise<void> {
  await stopSupervised(folder, graceMilliseconds, async () => {
    // The connection ends with the host: what counts is that the host ends within the grace.
    if (record !== undefined) await command(record, "systemctl --no-block poweroff", folders);
  });
}

/** `hard` is a power cut. Returns when the host is up again. The caller holds the host's lock. */
export async function rebootKvmHost(
  record: HostRecord,
  folder: string,
  options: LabOptions,
  hard: boolean,
): Promise<void> {
  const qemu = await payloadOf(folder);
  if (qemu === undefined)
    throw new Fault({ what: "it is not running", where: `lab host "${record.name}"`, remedy: "start it" });
  const ups = await upsOf(folder);
  if (!hard) {
    await command(record, "systemctl --no-block reboot", options.folders);
    await awaitUp(record, folder, ups, readyMilliseconds.tcg, options);
    return;
  }
  const boots = await bootsOf(folder);
  await writeFile(join(folder, "again"), "");
  send(qemu.pid, "SIGKILL");
  if (!(await bootsBeyond(folder, boots, 10_000))) throw await failedStart(folder, "it did not boot again");
  await awaitUp(record, folder, 0, readyMilliseconds.tcg, options);
}

async function command(record: HostRecord, text: string, folders: LabFolders): Promise<void> {
  const args = await sshArguments({ ...record, status: "running" }, "root", folders);
  // A host that goes down may not say so to who is connected.
  const patience = ["BatchMode=yes", "ServerAliveInterval=5", "ServerAliveCountMax=6"];
  await attempt("ssh", [...args, ...patience.flatMap((option) => ["-o", option]), text]);
}

async function make(
  spec: KvmSpec,
  network: Network,
  base: string,
  image: string,
  folder: string,
  lock: Lock,
  options: LabOptions,
): Promise<HostRecord> {
  // Whatever a killed creator left is not worth keeping: nobody has used it.
  await stopKvmHost(undefined, folder, 0, options.folders);
  await run("rm", ["-rf", "--one-file-system", folder], { holding: lock });
  options.progress(`${spec.name}: writing its files to a disk with Debian ${spec.release}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const identity = await newIdentity(spec, network, folder);
  await makeDisk(image, join(folder, "disk.ext4"), seedFolders(), seedFiles(identity), lock);
  const { memoryMiB, cpus } = spec;
  const record = recordOf(spec, identity, { kind: "kvm", base, rootStyle: "disk", memoryMiB, cpus });
  await writeHostRecord(folder, record);
  return record;
}

async function start(
  record: HostRecord,
  network: Network,
  means: Accelerator,
  folder: string,
): Promise<void> {
  const names = hostNames(folder);
  await stopSupervised(folder, 0, () => Promise.resolve());
  await startSupervised(folder, {
    boot: "boot-kvm.sh",
    settings: {
      HOSTNAME_INSIDE: record.name,
      BRIDGE: network.bridge,
      CABLE: names.cable,
      MAC: names.mac,
      MTU: String(network.mtu),
      CPUS: String(record.cpus ?? 2),
      MEMORY: String(record.memoryMiB ?? 2048),
      KERNEL: await realpath(join(record.base, "vmlinuz")),
      RAMDISK: await realpath(join(record.base, "initrd.img")),
      ACCELERATION:
        means === "kvm"
          ? ["-machine", "q35,accel=kvm", "-cpu", "host"]
          : ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"],
    },
  });
}

/** How often the guest has said that it is up since its power was switched on. */
async function upsOf(folder: string): Promise<number> {
  return ((await readIfThere(join(folder, "console.log"))) ?? "").split(marker).length - 1;
}

async function awaitUp(
  record: HostRecord,
  folder: string,
  before: number,
  milliseconds: number,
  options: LabOptions,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    options.signal?.throwIfAborted();
    if ((await upsOf(folder)) > before && (await answers(record.address, 22))) return;
    if (performance.now() > deadline) throw await failedStart(folder, "it was not up in time");
    if (!(await isRunning(folder))) throw await failedStart(folder, "it ended while booting");
    await delay(50);
  }
}
