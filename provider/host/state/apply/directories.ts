/** Takes directories away: what is mounted below them first, and their contents only when that was asked for. */
import { sh } from "../../remote/quote.ts";
import type { Removal } from "../plan.ts";

export function removeDirectoriesScript(directories: Removal["directories"]): string[] {
  const script = directories.map(({ path, entry }) => {
    if (entry.created && entry.removeContents) {
      return sh`rktnetes_unmount ${path}; rm -rf --one-file-system -- ${path}`;
    }
    if (entry.created) {
      return sh`if [ -d ${path} ] && ! rmdir -- ${path} 2>/dev/null; then printf '%s stays, because it is not empty\\n' ${path}; fi`;
    }
    if (entry.before === undefined) return "";
    const { mode, owner, group } = entry.before;
    const restored = sh`if [ -d ${path} ] && [ ! -L ${path} ]; then chown ${`${owner}:${group}`} ${path}; chmod ${mode} ${path}; fi`;
    return entry.removeContents && entry.before.empty
      ? sh`rktnetes_unmount ${path}; find ${path} -xdev -mindepth 1 -delete\n` + restored
      : restored;
  });
  return script.length === 0 ? [] : [UNMOUNT, ...script];
}

/** Unmounts whatever is mounted at or below a path, the innermost first. */
const UNMOUNT = `rktnetes_unmount() {
  local mounts line
  mapfile -t mounts < <(awk -v below="$1" '{ p = $5; gsub(/\\\\040/, " ", p); if (p == below || index(p, below "/") == 1) print p }' /proc/self/mountinfo)
  for ((line = \${#mounts[@]} - 1; line >= 0; line--)); do
    umount -- "\${mounts[line]}" 2>/dev/null || umount -l -- "\${mounts[line]}"
  done
}`;
