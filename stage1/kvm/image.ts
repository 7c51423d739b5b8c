import { fileURLToPath } from "node:url";
import type { Stage1Image } from "../image.ts";
import { entryPoints } from "../interface/entryPoints.ts";

/** `become` and `agent` run inside the virtual machine, `enter` on the host. */
const programs = [
  ["become", "../starting/become.c"],
  ["agent", "agent.c"],
  ["enter", "enter.c"],
] as const;

export function stage1Image(): Stage1Image {
  return {
    name: "coreos.com/rkt/stage1-kvm",
    ...entryPoints("kvm", { run: "/init", enter: "/enter", gc: "/gc", stop: "/stop" }, 6),
    programs: programs.map(([name, source]) => ({
      kind: "program",
      name,
      source: fileURLToPath(new URL(source, import.meta.url)),
    })),
  };
}
