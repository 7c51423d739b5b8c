/** Field by field: what differs between an object as it is and as it is wanted. */
import { Unknown, type Revealed, type RevealedProperties } from "../../../../provider/protocol/value.ts";
import { isRevealedList, isRevealedMap } from "../object/plain.ts";
import type { Path, Step } from "./path.ts";

export interface FieldChange {
  readonly path: Path;
  readonly kind: "add" | "delete" | "update";
}

export function compare(old: RevealedProperties, wanted: RevealedProperties): FieldChange[] {
  return [...differences(old, wanted, [])];
}

export function sameRevealed(left: Revealed | undefined, right: Revealed | undefined): boolean {
  if (left === undefined || right === undefined) return isEmpty(left) && isEmpty(right);
  return differences(left, right, []).next().done === true;
}

export function valueAt(value: Revealed | undefined, path: Path): Revealed | undefined {
  return path.reduce<Revealed | undefined>((current, step: Step) => {
    if (typeof step === "number") return isRevealedList(current) ? current[step] : undefined;
    return isRevealedMap(current) ? current[step] : undefined;
  }, value);
}

function* differences(old: Revealed, wanted: Revealed, path: Path): Generator<FieldChange, void, undefined> {
  if (isRevealedMap(old) && isRevealedMap(wanted)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
      yield* entryDifferences(old[key], wanted[key], [...path, key]);
    }
  } else if (isRevealedList(old) && isRevealedList(wanted)) {
    for (let index = 0; index < Math.max(old.length, wanted.length); index += 1) {
      yield* entryDifferences(old[index], wanted[index], [...path, index]);
    }
  } else if (wanted instanceof Unknown || old instanceof Unknown || old !== wanted) {
    yield { path, kind: "update" };
  }
}

function* entryDifferences(
  old: Revealed | undefined,
  wanted: Revealed | undefined,
  path: Path,
): Generator<FieldChange, void, undefined> {
  if (old !== undefined && wanted !== undefined) yield* differences(old, wanted, path);
  else if (wanted !== undefined && !isEmpty(wanted)) yield { path, kind: "add" };
  else if (old !== undefined && !isEmpty(old)) yield { path, kind: "delete" };
}

/** The API server drops empty maps and lists, so that declaring one is no change. */
function isEmpty(value: Revealed | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (isRevealedList(value)) return value.length === 0;
  return isRevealedMap(value) && Object.values(value).every(isEmpty);
}
