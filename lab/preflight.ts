/** Says, before anything is touched, why this machine cannot carry lab hosts. */
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { Fault, gatherFaults } from "../errors/fault.ts";
import { readHierarchies } from "./cgroups.ts";
import { attempt } from "./program.ts";

/** Programs and the Debian packages they come from. */
const everywhere: Readonly<Record<string, string>> = {
  "systemd-nspawn": "systemd-container",
  mmdebstrap: "mmdebstrap",
  ip: "iproute2",
  nft: "nftables",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  flock: "util-linux",
  unshare: "util-linux",
  nsenter: "util-linux",
  setsid: "util-linux",
};
const forKvm: Readonly<Record<string, string>> = {
  "qemu-system-x86_64": "qemu-system-x86",
  mke2fs: "e2fsprogs",
  debugfs: "e2fsprogs",
};

export async function assertLabPossible(kind: "nspawn" | "kvm" = "nspawn"): Promise<void> {
  const programs = kind === "kvm" ? { ...everywhere, ...forKvm } : everywhere;
  const faults: Fault[] = [];
  if (process.getuid?.() !== 0) {
    faults.push(
      new Fault({
        what: "lab hosts need root: they have namespaces, interfaces and cgroups of their own",
        got: `user id ${process.getuid?.() ?? "unknown"}`,
        remedy: "run it as root or through sudo",
      }),
    );
  }
  const absent = await absentPrograms(Object.keys(programs));
  if (absent.length > 0) {
    const packages = [...new Set(absent.map((program) => programs[program] ?? program))].sort();
    faults.push(
      new Fault({
        what: `programs the lab needs are not installed: ${absent.join(", ")}`,
        remedy: `apt-get install --no-install-recommends ${packages.join(" ")}`,
      }),
    );
  }
  if ((await readHierarchies()).length === 0) {
    faults.push(
      new Fault({
        what: "no cgroups are mounted, and a host's systemd cannot run without them",
        where: "/sys/fs/cgroup",
        remedy: "mount cgroup2 there, or use a machine with an ordinary kernel set-up",
      }),
    );
  }
  if (faults.length === 0) {
    const trial = await attempt("unshare", [
      "--mount",
      "--net",
      "--pid",
      "--fork",
      "ip",
      "link",
      "set",
      "lo",
      "up",
    ]);
    if (trial.code !== 0) {
      faults.push(
        new Fault({
          what: "this machine lets not even root make namespaces: it looks like an unprivileged container",
          cause: trial.stderr.trim(),
          remedy: "use a virtual machine or a privileged container, or ssh machines instead of lab hosts",
        }),
      );
    }
  }
  if (faults.length > 0) throw gatherFaults("lab hosts cannot run on this machine", faults);
}

async function absentPrograms(programs: readonly string[]): Promise<string[]> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const absent: string[] = [];
  for (const program of programs) {
    const found = await Promise.any(
      folders.map((folder) => access(join(folder, program), constants.X_OK)),
    ).then(
      () => true,
      () => false,
    );
    if (!found) absent.push(program);
  }
  return absent;
}
