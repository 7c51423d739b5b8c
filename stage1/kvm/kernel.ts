/** The kernel of a virtual machine: one that is installed on the host, with a first root of our own. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { flavourProgram } from "../starting/programs.ts";
import { cpio, file, folder, link } from "./cpio.ts";
import { guestInit } from "./guestInit.ts";

export interface GuestKernel {
  readonly image: string;
  readonly firstRoot: string;
}

const cache = "/var/cache/rkt/kvm";
const drivers = ["virtio_pci", "virtio_net", "virtiofs", "virtio_console"];
const programs = [
  "sh",
  "mount",
  "mkdir",
  "mkfifo",
  "insmod",
  "stty",
  "ip",
  "hostname",
  "wc",
  "rm",
  "mv",
  "cat",
  "sync",
  "reboot",
  "sleep",
  "kill",
  "echo",
  "printf",
  "chmod",
  "ln",
  "mknod",
];

export function guestKernel(): GuestKernel {
  const version = newest(
    readdirSync("/boot")
      .filter((name) => name.startsWith("vmlinuz-"))
      .map((name) => name.slice("vmlinuz-".length))
      .filter((each) => existsSync(`/lib/modules/${each}/modules.dep`)),
  );
  if (version === undefined) {
    throw new Fault({
      what: "there is no kernel for the pod's virtual machine",
      where: "/boot",
      remedy: "install linux-image-cloud-amd64, or choose another stage1",
    });
  }
  return { image: `/boot/vmlinuz-${version}`, firstRoot: firstRootFor(version) };
}

/** A cloud kernel has what a virtual machine needs and not much more. */
function newest(versions: readonly string[]): string | undefined {
  const cloud = versions.filter((each) => each.includes("-cloud-"));
  return (cloud.length > 0 ? cloud : versions)
    .toSorted((one, other) => one.localeCompare(other, "en", { numeric: true }))
    .at(-1);
}

/** Made at first use, and again when the kernel or one of the programs has changed. */
function firstRootFor(version: string): string {
  const busybox = readProgram(["/usr/bin/busybox", "/bin/busybox"], "busybox-static");
  const own = ["become", "agent"].map((name) =>
    file(name, readProgram([flavourProgram("kvm", name)], "the engine's package again"), 0o755),
  );
  const dependencies = readFileSync(`/lib/modules/${version}/modules.dep`);
  const hash = createHash("sha256");
  const parts = [version, guestInit, ...programs, ...drivers, busybox, dependencies];
  for (const part of [...parts, ...own.map(({ content }) => content)]) hash.update(part);
  const path = join(cache, `${version}-${hash.digest("hex").slice(0, 16)}.cpio`);
  if (existsSync(path)) return path;
  const modules = modulesOf(version);
  const archive = cpio([
    ...["bin", "dev", "proc", "sys", "pod", "modules"].map(folder),
    file("init", guestInit, 0o755),
    ...own,
    file("bin/busybox", busybox, 0o755),
    ...programs.map((name) => link(`bin/${name}`, "busybox")),
    file("modules/order", modules.map(({ name }) => `${name}\n`).join("")),
    ...modules.map(({ name, content }) => file(`modules/${name}`, content)),
  ]);
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, archive);
  renameSync(draft, path);
  return path;
}

/** Drivers and what they need, in the order in which they are to be loaded. */
function modulesOf(version: string): readonly { readonly name: string; readonly content: Buffer }[] {
  const paths = new Set<string>();
  for (const driver of drivers) {
    const text = execFileSync("modprobe", ["--set-version", version, "--show-depends", driver], {
      encoding: "utf8",
    });
    for (const match of text.matchAll(/^insmod (\S+)/gm)) if (match[1] !== undefined) paths.add(match[1]);
  }
  return [...paths].map((path) => ({
    name: basename(path).replace(/\.(xz|zst)$/, ""),
    content: path.endsWith(".xz")
      ? execFileSync("xz", ["-dc", path], { maxBuffer: 1 << 28 })
      : path.endsWith(".zst")
        ? execFileSync("zstd", ["-dcq", path], { maxBuffer: 1 << 28 })
        : readFileSync(path),
  }));
}

function readProgram(places: readonly string[], remedy: string): Buffer {
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new Fault({
      what: "a program for the pod's virtual machine is missing",
      where: places.join(", "),
      remedy: `install ${remedy}`,
    });
  }
  return readFileSync(found);
}
