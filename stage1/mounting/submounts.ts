/** What is mounted below a folder, as /proc/PID/mountinfo tells it. */

/** Mount points strictly below `folder`, each once, the outer before the inner. */
export function mountPointsBelow(folder: string, mountinfo: string): readonly string[] {
  const prefix = folder === "/" ? "/" : `${folder}/`;
  const points = mountPoints(mountinfo).filter((point) => point.startsWith(prefix) && point !== folder);
  return [...new Set(points)].sort((one, other) => depthOf(one) - depthOf(other));
}

/** The mount that holds `path`. */
export function mountPointOf(path: string, mountinfo: string): string {
  const holding = mountPoints(mountinfo).filter(
    (point) => point === "/" || path === point || path.startsWith(`${point}/`),
  );
  return holding.reduce((deepest, point) => (point.length > deepest.length ? point : deepest), "/");
}

function mountPoints(mountinfo: string): readonly string[] {
  return mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    );
}

function depthOf(path: string): number {
  return path.split("/").length;
}
