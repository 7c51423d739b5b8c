/** A bench's figures as lines for a person. Pure. */
import { holds, median, quantile, type Figure } from "./figure.ts";

const titles = ["", "median", "90 %", "processor", "limit", ""];

export function tableOf(figures: readonly Figure[]): string {
  const rows = [titles, ...figures.map(rowOf)];
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column === titles.length - 1
            ? cell.padEnd(widths[column] ?? 0)
            : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

function rowOf(figure: Figure): readonly string[] {
  const { what, unit, samples, processor, limit } = figure;
  return [
    what,
    shown(median(samples), unit),
    shown(quantile(samples, 0.9), unit),
    processor === undefined ? "" : shown(median(processor), "ms"),
    limit === undefined ? "" : shown(limit, unit),
    limit === undefined ? "" : holds(figure) ? "holds" : "TOO MUCH",
  ];
}

export function shown(value: number, unit: Figure["unit"]): string {
  switch (unit) {
    case "ms":
      return `${value.toFixed(0)} ms`;
    case "MB":
      return `${value.toFixed(1)} MB`;
    case "times":
      return `${value.toFixed(2)} x`;
  }
}
