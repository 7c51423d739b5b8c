/**
 * Whether virtual machines can use the processor's own virtualisation. /dev/kvm may be there and still not
 * work, so a kernel is booted on it; the verdict is kept until this machine boots again.
 */
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../errors/fault.ts";
import { isThere, readIfThere, writeWhole } from "./files.ts";
import type { LabOptions } from "./options.ts";

export type Accelerator = "kvm" | "tcg";

const verdictSchema = z.object({ boot: z.string(), accelerator: z.enum(["kvm", "tcg"]), reason: z.string() });
export type Verdict = z.infer<typeof verdictSchema>;

const deadlineMilliseconds = 15_000;

export async function accelerator(kernel: string, options: LabOptions): Promise<Verdict> {
  const file = join(options.folders.lab, "accelerator.json");
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const text = await readIfThere(file);
  const known = text === undefined ? undefined : verdictSchema.parse(JSON.parse(text));
  if (known?.boot === boot) return known;
  options.progress("trying whether /dev/kvm works");
  const reason = await objectionToKvm(kernel);
  const verdict: Verdict = {
    boot,
    accelerator: reason === undefined ? "kvm" : "tcg",
    reason: reason ?? "a kernel boots on /dev/kvm",
  };
  await writeWhole(file, JSON.stringify(verdict, null, 2));
  return verdict;
}

async function objectionToKvm(kernel: string): Promise<string | undefined> {
  if (!(await isThere("/dev/kvm"))) return "there is no /dev/kvm";
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch (error) {
    return `/dev/kvm cannot be opened: ${messageOf(error)}`;
  }
  return new Promise((resolve, reject) => {
    // Without a root disk the kernel comes as far as looking for one.
    const append = "console=ttyS0 panic=-1";
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
    const qemu = spawn("qemu-system-x86_64", [
      ...machine,
      ...["-no-reboot", "-serial", "stdio", "-kernel", kernel, "-append", append],
    ]);
    let console = "";
    let complaint = "";
    const timer = setTimeout(() => qemu.kill("SIGKILL"), deadlineMilliseconds);
    qemu.stdout.on("data", (chunk: Buffer) => {
      console += chunk.toString();
      if (console.includes("Kernel panic")) qemu.kill("SIGKILL");
    });
    qemu.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    qemu.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    qemu.once("close", () => {
      clearTimeout(timer);
      if (console.includes("Kernel panic")) resolve(undefined);
      else
        resolve(
          `no kernel boots on /dev/kvm within ${deadlineMilliseconds / 1000} s (${complaint.split("\n")[0] ?? ""})`,
        );
    });
  });
}
