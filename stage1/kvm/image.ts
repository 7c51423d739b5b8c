import { fileURLToPath } from "node:url";
import type { Stage1Image } from "../image.ts";
import { entryPoints } from "../interface/entryPoints.ts";

export function stage1Image(): Stage1Image {
  return {
    name: "coreos.com/rkt/stage1-kvm",
    ...entryPoints("kvm", { run: "/init", enter: "/enter", gc: "/gc", stop: "/stop" }, 6),
    programs: [
      {
        kind: "program",
        name: "become",
        source: fileURLToPath(new URL("../starting/become.c", import.meta.url)),
      },
    ],
  };
}
