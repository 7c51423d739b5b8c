/** The expressions of `pulumi.com/waitFor`, spelled as `kubectl wait --for` spells them. */
import { Fault } from "../../../../errors/fault.ts";
import { isArray, isObject, textAt, type Json } from "../../../../provider/kubernetes/json.ts";
import type { Manifest } from "../object/manifest.ts";
import { condition, type Readiness } from "./readiness.ts";

export type Expression = (object: Manifest) => Readiness;

export function parseExpression(text: string): Expression {
  if (text.startsWith("condition=")) return parseCondition(text);
  if (text.startsWith("jsonpath=")) return parseJsonPath(text);
  throw new Fault({
    what: "a condition to wait for cannot be understood",
    got: text,
    allowed: "jsonpath={.path}[=value] or condition=Type[=Status]",
  });
}

function parseCondition(text: string): Expression {
  const [type = "", status = "True"] = text.slice("condition=".length).split("=");
  return (object) => {
    const entry = condition(object, type);
    const seen = textAt(entry, "status");
    if (seen?.toLowerCase() === status.toLowerCase()) return { state: "ready" };
    const message = textAt(entry, "message");
    const detail = message === undefined || message === "" ? "" : ` (${message})`;
    return { state: "waiting", because: `condition ${type} is ${seen ?? "not set"}, not ${status}${detail}` };
  };
}

function parseJsonPath(text: string): Expression {
  const parts = /^jsonpath='?\{(.+?)\}'?(?:={1,2}(.*))?$/s.exec(text);
  const [, path, wanted] = parts ?? [];
  if (path === undefined) {
    throw new Fault({
      what: "a JSON path to wait for cannot be understood",
      got: text,
      allowed: "for example jsonpath={.status.phase}=Running",
    });
  }
  const steps = parsePath(path, text);
  const value = wanted?.replace(/^(['"])(.*)\1$/s, "$2");
  return (object) => {
    const found = steps.reduce<readonly Json[]>((items, step) => items.flatMap(step), [object]);
    const texts = found.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
    if (value === undefined ? found.length > 0 : texts.includes(value)) return { state: "ready" };
    const seen = texts.length === 0 ? "not set" : texts.join(", ");
    return { state: "waiting", because: `${path} is ${seen}${value === undefined ? "" : `, not ${value}`}` };
  };
}

type Step = (value: Json) => readonly Json[];

function parsePath(path: string, whole: string): Step[] {
  const steps: Step[] = [];
  const pattern =
    /\.((?:\\.|[^.[\]\\])+)|\['((?:[^'\\]|\\.)*)'\]|\[(-?\d+)\]|\[(\*)\]|\[\?\(@\.([\w.]+)\s*==\s*["']([^"']*)["']\)\]/gy;
  let end = 0;
  for (const match of path.matchAll(pattern)) {
    end = match.index + match[0].length;
    const [, plain, quoted, index, star, filterPath, filterValue] = match;
    const key = plain ?? quoted;
    if (key === "*" || star !== undefined) steps.push(allItems);
    else if (key !== undefined) steps.push(keyStep(key.replaceAll(/\\(.)/g, "$1")));
    else if (index !== undefined) steps.push(indexStep(Number(index)));
    else if (filterPath !== undefined) steps.push(filterStep(filterPath.split("."), filterValue ?? ""));
  }
  if (end === path.length && steps.length > 0) return steps;
  throw new Fault({
    what: "a JSON path to wait for cannot be understood",
    where: `at character ${end + 1} of the path`,
    got: whole,
    allowed: "keys (.a or ['a']), indexes ([0]), all ([*]) and filters ([?(@.type==\"Ready\")])",
  });
}

const allItems: Step = (value) => {
  if (isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
};

function keyStep(key: string): Step {
  return (value) => {
    const found = isObject(value) ? value[key] : undefined;
    return found === undefined ? [] : [found];
  };
}

function indexStep(index: number): Step {
  return (value) => {
    const found = isArray(value) ? value.at(index) : undefined;
    return found === undefined ? [] : [found];
  };
}

function filterStep(path: readonly string[], wanted: string): Step {
  return (value) => (isArray(value) ? value.filter((item) => textAt(item, ...path) === wanted) : []);
}
