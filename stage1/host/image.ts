import { fileURLToPath } from "node:url";
import type { Stage1Image } from "../image.ts";
import { entryPoints } from "../interface/entryPoints.ts";

export function stage1Image(): Stage1Image {
  return {
    name: "coreos.com/rkt/stage1-host",
    ...entryPoints("host", { run: "/init", enter: "/enter", gc: "/gc", stop: "/stop" }, 6),
    programs: ["apart", "become"].map((name) => ({
      kind: "program",
      name,
      source: fileURLToPath(new URL(`../starting/${name}.c`, import.meta.url)),
    })),
  };
}
