/** What differs between two texts, in a few short lines. */

const MOST_LINES = 8;
const LONGEST_LINE = 120;
/** Texts of more lines than this are compared by their ends only. */
const MOST_COMPARED = 2000;

/** Lines such as `- maxPods: 110` and `+ maxPods: 250`. */
export function textDiff(before: string, after: string): string[] {
  const changes = lineChanges(splitLines(before), splitLines(after));
  const shown = shorten(changes);
  if (shown.length <= MOST_LINES) return shown;
  const rest = shown.length - MOST_LINES + 1;
  return [...shown.slice(0, MOST_LINES - 1), `… and ${rest} lines more`];
}

interface LineChange {
  readonly sign: "-" | "+";
  readonly line: string;
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The lines to take out and put in: what lies outside a longest common subsequence. */
function lineChanges(before: readonly string[], after: readonly string[]): LineChange[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  const old = before.slice(start, before.length - end);
  const fresh = after.slice(start, after.length - end);
  if (old.length > MOST_COMPARED || fresh.length > MOST_COMPARED) {
    return [...old.map((line) => minus(line)), ...fresh.map((line) => plus(line))];
  }
  return common(old, fresh);
}

function common(old: readonly string[], fresh: readonly string[]): LineChange[] {
  const width = fresh.length + 1;
  const longest = new Uint16Array((old.length + 1) * width);
  const at = (row: number, column: number): number => longest[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = fresh.length - 1; column >= 0; column -= 1) {
      longest[row * width + column] =
        old[row] === fresh[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const changes: LineChange[] = [];
  let row = 0;
  let column = 0;
  while (row < old.length || column < fresh.length) {
    const left = old[row];
    const right = fresh[column];
    if (left !== undefined && left === right) {
      row += 1;
      column += 1;
    } else if (left !== undefined && (right === undefined || at(row + 1, column) >= at(row, column + 1))) {
      changes.push(minus(left));
      row += 1;
    } else {
      changes.push(plus(right ?? ""));
      column += 1;
    }
  }
  return changes;
}

function minus(line: string): LineChange {
  return { sign: "-", line };
}

function plus(line: string): LineChange {
  return { sign: "+", line };
}

/** Of a long line that changed into another, only the part around the change. */
function shorten(changes: readonly LineChange[]): string[] {
  const removed = changes.filter(({ sign }) => sign === "-");
  const added = changes.filter(({ sign }) => sign === "+");
  return changes.map((change) => {
    const line = change.line.trim();
    if (line.length <= LONGEST_LINE) return `${change.sign} ${line}`;
    const [mine, theirs] = change.sign === "-" ? [removed, added] : [added, removed];
    const partner = theirs[mine.indexOf(change)]?.line.trim();
    const from = partner === undefined ? 0 : Math.max(0, commonStart(line, partner) - 20);
    const cut = line.slice(from, from + LONGEST_LINE);
    return `${change.sign} ${from > 0 ? "…" : ""}${cut}${from + LONGEST_LINE < line.length ? "…" : ""}`;
  });
}

function commonStart(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}
