/**
 * Whether virtual machines can use the processor's own virtualisation. /dev/kvm may be there and still not work, so a
 * kernel is booted on it once; the verdict is kept until the host boots again.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

export type Accelerator = "kvm" | "tcg";

const verdictFile = "/run/rkt/accelerator";
const deadlineMilliseconds = 10_000;

export function accelerator(qemu: string, kernel: string): Accelerator {
  if (!existsSync("/dev/kvm")) return "tcg";
  if (existsSync(verdictFile)) return readFileSync(verdictFile, "utf8") === "kvm" ? "kvm" : "tcg";
  const verdict: Accelerator = boots(qemu, kernel) ? "kvm" : "tcg";
  mkdirSync("/run/rkt", { recursive: true });
  writeFileSync(`${verdictFile}.${process.pid}`, verdict);
  renameSync(`${verdictFile}.${process.pid}`, verdictFile);
  return verdict;
}

/** Without a root the kernel comes as far as missing one, and the machine ends. */
function boots(qemu: string, kernel: string): boolean {
  const machine = [
    "-machine",
    "q35,accel=kvm",
    "-cpu",
    "host",
    "-m",
    "256",
    "-nodefaults",
    "-display",
    "none",
  ];
  const result = spawnSync(
    qemu,
    [...machine, "-no-reboot", "-serial", "stdio", "-kernel", kernel, "-append", "console=ttyS0 panic=-1"],
    { encoding: "utf8", timeout: deadlineMilliseconds, stdio: ["ignore", "pipe", "ignore"] },
  );
  return result.stdout.includes("Kernel panic");
}
