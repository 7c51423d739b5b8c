/** A bench's figures as a picture: a bar for the median, a thin line up to nine tenths, a stroke at the limit. Pure. */
import { holds, median, quantile, type Figure } from "./figure.ts";
import { shown } from "./table.ts";

const ROW = 26;
const NAMES = 330;
const BARS = 520;
const VALUES = 90;
const HEAD = 44;

/** Only what is in one unit can be compared by length: each unit has a scale of its own. */
export function plotOf(title: string, figures: readonly Figure[]): string {
  const units = [...new Set(figures.map(({ unit }) => unit))];
  const rows = units.flatMap((unit) => figures.filter((figure) => figure.unit === unit));
  const scales = new Map(
    units.map((unit) => [unit, BARS / Math.max(...rows.flatMap((row) => reach(row, unit)))]),
  );
  const height = HEAD + rows.length * ROW + 10;
  const width = NAMES + BARS + VALUES;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="10" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...rows.flatMap((figure, index) => barOf(figure, HEAD + index * ROW, scales.get(figure.unit) ?? 0)),
    "</svg>\n",
  ].join("\n");
}

function reach({ unit, samples, limit = 0 }: Figure, wanted: Figure["unit"]): readonly number[] {
  return unit === wanted ? [quantile(samples, 0.9), median(samples), limit] : [];
}

function barOf(figure: Figure, top: number, scale: number): readonly string[] {
  const { what, unit, samples, limit } = figure;
  const middle = median(samples);
  const at = (value: number): string => (NAMES + value * scale).toFixed(1);
  const line = (x1: string, x2: string, y1: number, y2: number, colour: string, wide: number): string =>
    `<line x1="${x1}" x2="${x2}" y1="${y1}" y2="${y2}" stroke="${colour}" stroke-width="${wide}"/>`;
  return [
    `<text x="${NAMES - 10}" y="${top + 16}" text-anchor="end">${escaped(what)}</text>`,
    `<rect x="${NAMES}" y="${top + 4}" width="${(middle * scale).toFixed(1)}" height="${ROW - 10}" fill="${colourOf(figure)}"/>`,
    line(at(middle), at(quantile(samples, 0.9)), top + 12, top + 12, "#555", 2),
    ...(limit === undefined ? [] : [line(at(limit), at(limit), top, top + ROW - 4, "#000", 2)]),
    `<text x="${(NAMES + Math.max(middle, quantile(samples, 0.9), limit ?? 0) * scale + 6).toFixed(1)}" y="${top + 16}">${shown(middle, unit)}</text>`,
  ];
}

function colourOf(figure: Figure): string {
  if (figure.limit === undefined) return "#b8c4d0";
  return holds(figure) ? "#4c8f5b" : "#c0504d";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
