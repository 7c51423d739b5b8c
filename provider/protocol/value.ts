/**
 * Property values as Pulumi's engine sends them: plain data, in which any part may be a secret or not known
 * yet. Secrets keep their envelope on the way through, so that nothing that came in as a secret can go out
 * in the clear by omission.
 */
import { inspect } from "node:util";

export type Value = null | boolean | number | string | Secret | Unknown | readonly Value[] | Properties;

export interface Properties {
  readonly [key: string]: Value;
}

/** A value that must be encrypted in the state and hidden in every output. */
export class Secret {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }

  /** Printing a secret by mistake prints this, whether as JSON, as text or by console.log. */
  toJSON(): string {
    return "[secret]";
  }

  toString(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/** A value that will only be known once the resource it comes from has been created. */
export class Unknown {
  toJSON(): string {
    return "[unknown]";
  }

  toString(): string {
    return "[unknown]";
  }
}

export const UNKNOWN = new Unknown();

/** Values without secrets' envelopes; what is not known yet stays UNKNOWN. */
export type Revealed =
  null | boolean | number | string | Unknown | readonly Revealed[] | { readonly [key: string]: Revealed };

export interface RevealedProperties {
  readonly [key: string]: Revealed;
}

export function isMap(value: Value): value is Properties {
  return (
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown)
  );
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Takes every secret out of its envelope. The result is for comparing and applying, never for output. */
export function reveal(value: Value): Revealed {
  if (value instanceof Secret) return reveal(value.value);
  if (value instanceof Unknown) return value;
  if (isList(value)) return value.map(reveal);
  if (isMap(value)) return revealProperties(value);
  return value;
}

export function revealProperties(properties: Properties): RevealedProperties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, reveal(value)]));
}

/** One property of a map, out of its own envelope and the map's; null where there is none. */
export function partOf(value: Value, key: string): Value {
  const map = bare(value);
  if (map instanceof Unknown) return map;
  return isMap(map) && Object.hasOwn(map, key) ? bare(map[key] ?? null) : null;
}

/** The value out of its envelope; what is inside may have envelopes of its own. */
export function bare(value: Value): Value {
  return value instanceof Secret ? bare(value.value) : value;
}

/** True when the value, or any part of it, came as a secret. */
export function containsSecret(value: Value): boolean {
  if (value instanceof Secret) return true;
  if (isList(value)) return value.some(containsSecret);
  if (isMap(value)) return Object.values(value).some(containsSecret);
  return false;
}

/** True when the value, or any part of it, is not known yet. */
export function containsUnknown(value: Value): boolean {
  if (value instanceof Unknown) return true;
  if (value instanceof Secret) return containsUnknown(value.value);
  if (isList(value)) return value.some(containsUnknown);
  if (isMap(value)) return Object.values(value).some(containsUnknown);
  return false;
}

/** Deep equality of values, blind to secrets' envelopes. Two unknown values are never known to be equal. */
export function sameValue(left: Value, right: Value): boolean {
  const a = left instanceof Secret ? left.value : left;
  const b = right instanceof Secret ? right.value : right;
  if (a instanceof Secret || b instanceof Secret) return sameValue(a, b);
  if (a instanceof Unknown || b instanceof Unknown) return false;
  if (isList(a)) {
    return isList(b) && a.length === b.length && a.every((item, index) => sameValue(item, b[index] ?? null));
  }
  if (isMap(a)) {
    if (!isMap(b)) return false;
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => sameValue(a[key] ?? null, b[key] ?? null));
  }
  return a === b;
}
