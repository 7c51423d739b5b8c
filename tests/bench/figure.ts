/** What a bench measures: the same thing several times, and what it may come to. */
export interface Figure {
  /** Stable, for whoever compares two runs. */
  readonly name: string;
  readonly what: string;
  readonly unit: "ms" | "MB" | "times";
  readonly samples: readonly number[];
  /** What the median may be at most; absent for what is only shown beside it. */
  readonly limit?: number;
  /** Milliseconds of processor that each took, which a busy machine falsifies less than the clock. */
  readonly processor?: readonly number[];
}

export function quantile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) * part)] ?? NaN;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Whether a figure keeps within its limit; one without any does. */
export function holds({ samples, limit }: Figure): boolean {
  return limit === undefined || median(samples) <= limit;
}
