/** Differences between recorded and wanted inputs of the lab's resources. */
import type { Change, DiffArguments } from "../protocol/resource.ts";
import { sameValue } from "../protocol/value.ts";

/** One change for each input that differs; those named make the thing another one. */
export function inputChanges(args: DiffArguments, replacing: readonly string[]): Record<string, Change> {
  const changes: Record<string, Change> = {};
  for (const key of new Set([...Object.keys(args.oldInputs), ...Object.keys(args.news)])) {
    if (args.ignoreChanges.includes(key)) continue;
    if (sameValue(args.oldInputs[key] ?? null, args.news[key] ?? null)) continue;
    const verb = !(key in args.oldInputs) ? "add" : !(key in args.news) ? "delete" : "update";
    changes[key] = { kind: replacing.includes(key) ? `${verb}-replace` : verb };
  }
  return changes;
}
