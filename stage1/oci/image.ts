import { fileURLToPath } from "node:url";
import type { Stage1Image } from "../image.ts";
import { entryPoints } from "../interface/entryPoints.ts";

export function stage1Image(): Stage1Image {
  return {
    name: "coreos.com/rkt/stage1-oci",
    ...entryPoints("oci", { run: "/run", enter: "/enter", gc: "/gc", stop: "/stop" }, 6),
    programs: [
      program("pod", "pod.c"),
      program("multiplex", "../attaching/multiplex.c"),
      program("attach", "../attaching/attach.c"),
      program("owners", "../users/owners.c"),
    ],
  };
}

function program(name: string, source: string): NonNullable<Stage1Image["programs"]>[number] {
  return { kind: "program", name, source: fileURLToPath(new URL(source, import.meta.url)) };
}
