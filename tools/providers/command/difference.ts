/** Which inputs differ, key by key. */
import type { Change } from "../../../provider/protocol/resource.ts";
import { sameValue, type Properties } from "../../../provider/protocol/value.ts";

export function changesOf(
  olds: Properties,
  news: Properties,
  replacing: readonly string[],
): Record<string, Change> {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  return Object.fromEntries(
    keys.flatMap((key): [string, Change][] => {
      const [before, now] = [olds[key] ?? null, news[key] ?? null];
      if (sameValue(before, now)) return [];
      const kind = before === null ? "add" : now === null ? "delete" : "update";
      return [[key, { kind: replacing.includes(key) ? `${kind}-replace` : kind }]];
    }),
  );
}
