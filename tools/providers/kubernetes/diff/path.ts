/** Property paths as Pulumi writes them: `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`. */
export type Step = string | number;
export type Path = readonly Step[];

export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!PLAIN.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

const PLAIN = /^[A-Za-z_$][\w$-]*$/;

/** Reads the form above, and the API server's, in which a path may begin with a dot. */
export function parsePath(text: string): Path {
  const steps: Step[] = [];
  for (const [, name, index, quoted] of text.matchAll(
    /\.?([^.[\]"]+)|\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]/g,
  )) {
    if (name !== undefined) steps.push(name);
    else if (index !== undefined) steps.push(index === "*" ? index : Number(index));
    else if (quoted !== undefined) steps.push(quoted.replaceAll(/\\(.)/g, "$1"));
  }
  return steps;
}

/** True when the path lies at the prefix or below it; `*` in the prefix stands for any step. */
export function isWithin(path: Path, prefix: Path): boolean {
  return prefix.length <= path.length && prefix.every((step, index) => step === "*" || step === path[index]);
}

/** True when one of the two lies within the other. */
export function overlaps(left: Path, right: Path): boolean {
  return left.length >= right.length ? isWithin(left, right) : isWithin(right, left);
}
