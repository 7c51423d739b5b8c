const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `720KiB`, `1.3MiB`: at most three digits. */
export function sizeText(bytes: number): string {
  if (bytes < 10) return `${bytes}B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const amount = Math.floor((bytes / 1024 ** power) * 10 + 0.5) / 10;
  return `${amount < 10 ? amount.toFixed(1) : amount.toFixed(0)}${units[power] ?? ""}`;
}
