/** A run for people: what was counted, what has to be done, and every spec. */
import type { Circumstances, Verdict } from "./verdict.ts";
import type { SpecResult } from "./report.ts";

export function countsOf({ passed, failed, skipped }: Verdict): string {
  return `${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`;
}

/** What keeps a run from being good, line by line. */
export function complaintsOf({ unexpected, outdated }: Verdict): string[] {
  return [
    ...unexpected.map(
      ({ name, outcome, message }) => `${outcome}, and no exception says so: ${name}${firstLine(message)}`,
    ),
    ...outdated.map(({ exception, because }) => `must leave exceptions.ts: "${exception.spec}": ${because}`),
  ];
}

export function renderTable(verdict: Verdict, { runtime, transport }: Circumstances): string {
  const specs = [...verdict.failed, ...verdict.skipped, ...verdict.passed];
  return [
    `# critest against ${runtime}, streaming by ${transport}`,
    "",
    `${countsOf(verdict)}.`,
    ...complaintsOf(verdict).map((line) => `\n- ${line}`),
    "",
    "| outcome | seconds | spec |",
    "| ------- | ------- | ---- |",
    ...specs.map(row),
    "",
  ].join("\n");
}

function row({ name, outcome, seconds, message }: SpecResult): string {
  const why = outcome === "passed" ? "" : firstLine(message);
  return `| ${outcome} | ${seconds.toFixed(1)} | ${`${name}${why}`.replaceAll("|", "\\|")} |`;
}

function firstLine(message: string): string {
  const [first = ""] = message.trim().split("\n");
  return first === "" ? "" : ` (${first.slice(0, 200)})`;
}
