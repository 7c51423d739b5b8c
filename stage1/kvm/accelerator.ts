/**
 * Whether virtual machines can use the processor's own virtualisation. /dev/kvm may be there and still not work, so a
 * kernel is booted on it once; the verdict is kept until the machine boots again.
 */
import { spawn } from "node:child_process";
import { constants, readFileSync } from "node:fs";
import { access, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../../errors/fault.ts";

export type Accelerator = "kvm" | "tcg";

export interface Verdict {
  readonly accelerator: Accelerator;
  readonly reason: string;
}

export interface Trial {
  readonly qemu: string;
  readonly kernel: string;
  /** Where the verdict is kept. */
  readonly verdictFile: string;
  /** Told that it is going to be tried, which may take seconds. */
  readonly trying?: () => void;
}

const device = "/dev/kvm";
const deadlineMilliseconds = 15_000;

export async function accelerator({ qemu, kernel, verdictFile, trying }: Trial): Promise<Verdict> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
  } catch (error) {
    return { accelerator: "tcg", reason: `${device} cannot be opened: ${messageOf(error)}` };
  }
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const known = verdictIn(textOf(verdictFile), boot);
  if (known !== undefined) return known;
  trying?.();
  const verdict = await verdictOn(qemu, kernel);
  await mkdir(dirname(verdictFile), { recursive: true });
  const draft = `${verdictFile}.${process.pid}`;
  await writeFile(draft, `${boot}\n${verdict.accelerator}\n${verdict.reason}\n`);
  await rename(draft, verdictFile);
  return verdict;
}

/** Undefined where nothing is kept, or only what an earlier boot found. */
export function verdictIn(text: string, boot: string): Verdict | undefined {
  const [of, accelerator, reason = ""] = text.split("\n");
  if (of !== boot || (accelerator !== "kvm" && accelerator !== "tcg")) return undefined;
  return { accelerator, reason };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function verdictOn(qemu: string, kernel: string): Promise<Verdict> {
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
  // Without a root the kernel comes as far as missing one, and the machine ends.
  const boot = ["-no-reboot", "-serial", "stdio", "-kernel", kernel, "-append", "console=ttyS0 panic=-1"];
  return new Promise((resolve, reject) => {
    const trial = spawn(qemu, [...machine, ...boot], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: deadlineMilliseconds,
      killSignal: "SIGKILL",
    });
    let console = "";
    let complaint = "";
    trial.stdout.on("data", (chunk: Buffer) => {
      console += chunk.toString();
    });
    trial.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    trial.once("error", reject);
    trial.once("close", () => {
      if (console.includes("Kernel panic")) {
        resolve({ accelerator: "kvm", reason: `a kernel boots on ${device}` });
        return;
      }
      const why = complaint === "" ? "" : ` (${complaint.split("\n")[0] ?? ""})`;
      const seconds = deadlineMilliseconds / 1000;
      resolve({ accelerator: "tcg", reason: `no kernel boots on ${device} within ${seconds} s${why}` });
    });
  });
}
