/** Deep equality of JSON. */
import { isArray, isObject, type Json } from "../../../../provider/kubernetes/json.ts";

export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (isArray(left) && isArray(right)) {
    return left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  }
  if (isObject(left) && isObject(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...keys].every((key) => sameJson(left[key], right[key]));
  }
  return left === right;
}
