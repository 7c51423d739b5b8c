import { emptyVolumeFolder } from "../appMounts.ts";
import type { FstabLine } from "../mounting/fstab.ts";
import type { MappedMounts } from "./mappedMounts.ts";

/** An app's mounts in a pod with private users. What was made for the pod has its owners; all else has them mapped. */
export function mappedLines(
  lines: readonly FstabLine[],
  podFolder: string,
  mounts: MappedMounts,
): readonly FstabLine[] {
  const ofPod = `${emptyVolumeFolder(podFolder, "")}/`;
  return lines.map((line) => {
    if (line.type === "overlay") {
      return { ...line, options: line.options.map((option) => mappedLower(option, mounts)) };
    }
    // A root that was copied is mounted on itself.
    if (line.source === line.target || line.source.startsWith(ofPod)) return line;
    return { ...line, source: mounts.wanted(line.source, line.options.includes("rbind")) };
  });
}

function mappedLower(option: string, mounts: MappedMounts): string {
  const name = "lowerdir=";
  return option.startsWith(name) ? `${name}${mounts.mapped(option.slice(name.length))}` : option;
}
