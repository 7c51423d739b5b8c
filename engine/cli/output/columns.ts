/** Rows as lines whose columns stand below each other, with tabs of eight between: as rkt prints tables. */
export function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    roundUp(Math.max(...rows.map((row) => widthOf(row[column] ?? ""))) + 1),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        if (column === row.length - 1) return cell;
        const missing = (widths[column] ?? 0) - widthOf(cell);
        return cell + "\t".repeat(Math.ceil(missing / 8));
      })
      .join(""),
  );
}

function roundUp(width: number): number {
  return Math.ceil(width / 8) * 8;
}

function widthOf(text: string): number {
  return Array.from(text).length;
}
