import { readFileSync } from "node:fs";
import { Fault } from "../../errors/fault.ts";
import { podsBeginningWith, type PodOnDisk } from "./podState.ts";

/** The one pod of a uuid or of its beginning. */
export function findPod(data: string, beginning: string): PodOnDisk {
  const [pod, ...others] = podsBeginningWith(data, beginning);
  if (pod === undefined || beginning === "") {
    throw new Fault({ what: `cannot get pod: no matches found for "${beginning}"` });
  }
  if (others.length > 0) {
    const listed = [pod, ...others].map(({ uuid }) => uuid).join(", ");
    throw new Fault({
      what: `cannot get pod: ambiguous prefix "${beginning}"`,
      got: listed,
      remedy: "write more of it",
    });
  }
  return pod;
}

/** What `--uuid-file` names. */
export function readUuidFile(path: string): string {
  return readFileSync(path, "utf8").trim();
}
