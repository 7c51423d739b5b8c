import { cgroupRoot } from "../machine.ts";

/** The files that a process number is written to for joining the groups that /proc/PID/cgroup names. */
export function cgroupFiles(text: string, unified: boolean): readonly string[] {
  return text
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [, controllers, ...path] = line.split(":");
      if (controllers === undefined || path.length === 0) return [];
      const folder = hierarchy(controllers, unified);
      // cgroup v1's cpu and cpuacct may be mounted together or apart; the names then differ, the folders do not.
      return [`${folder}${path.join(":")}/cgroup.procs`.replaceAll("//", "/")];
    });
}

function hierarchy(controllers: string, unified: boolean): string {
  if (controllers === "") return unified ? cgroupRoot : `${cgroupRoot}/unified`;
  return `${cgroupRoot}/${controllers.replace(/^name=/, "")}`;
}
