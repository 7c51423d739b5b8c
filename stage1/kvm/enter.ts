/** Joins a running app of the kvm flavour: a command that becomes the app's inside the virtual machine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { Handover } from "../contract.ts";
import { becomeWords } from "../starting/becoming.ts";
import { readEntry } from "../starting/entry.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";

/** `become` as the virtual machine's own root has it. */
export const becomeInside = "/become";

/** Each serves one command at a time; the virtual machine has an agent at every one. */
const ports = 8;

export const agentPorts = Array.from({ length: ports }, (_, index) => index + 1);

/** What QEMU is told of the ports. `folder` is that of the pod's own files for its machine. */
export function agentWords(folder: string): readonly string[] {
  return [
    ...["-device", `virtio-serial-pci,max_ports=${ports + 1}`],
    ...agentPorts.flatMap((port) => [
      ...["-chardev", `socket,id=agent${port},path=${folder}/agent-${port},server=on,wait=off`],
      ...["-device", `virtserialport,chardev=agent${port},nr=${port}`],
    ]),
  ];
}

export function enterApp(folder: string, app: string, command: readonly string[]): Handover {
  if (!existsSync(join(folder, "pid"))) {
    throw new Fault({ what: "the pod has not started yet", where: folder });
  }
  const entry = readEntry(folder, app);
  if (existsSync(join(folder, "stage1/rootfs/rkt/status", app))) {
    throw new Fault({ what: `app "${app}" does not run`, where: folder });
  }
  const terminal = process.env["TERM"];
  return {
    program: flavourProgram("kvm", "enter"),
    arguments: [
      join(folder, "kvm"),
      String(entry.user.uid),
      ...becomeWords(
        {
          ...entry,
          program: becomeInside,
          ...(terminal === undefined ? {} : { variables: [["TERM", terminal]] }),
        },
        command,
      ),
    ],
    environment: toolEnvironment(),
  };
}
