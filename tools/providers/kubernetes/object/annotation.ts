/** What a program says about an object by annotations under `pulumi.com/`, as with the official provider. */
import { Fault } from "../../../../errors/fault.ts";
import { annotationsOf, idOf, referenceOf, type Manifest } from "./manifest.ts";

import { ownsNothing, scopeOf } from "./scope.ts";

export const AUTONAMED = "pulumi.com/autonamed";
const SKIP_AWAIT = "pulumi.com/skipAwait";
const WAIT_FOR = "pulumi.com/waitFor";
const TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds";
const PATCH_FORCE = "pulumi.com/patchForce";
const PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager";
const DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy";
const REPLACE_UNREADY = "pulumi.com/replaceUnready";

const DEFAULT_TIMEOUT_SECONDS = 600;

const PROPAGATIONS = ["Foreground", "Background", "Orphan"] as const;
export type Propagation = (typeof PROPAGATIONS)[number];

export function skipsAwait(manifest: Manifest): boolean {
  return annotation(manifest, SKIP_AWAIT) === "true";
}

export function isAutonamed(manifest: Manifest): boolean {
  return annotation(manifest, AUTONAMED) === "true";
}

export function replacesUnready(manifest: Manifest): boolean {
  return annotation(manifest, REPLACE_UNREADY) === "true";
}

export function forcesPatch(manifest: Manifest): boolean | undefined {
  const value = annotation(manifest, PATCH_FORCE);
  return value === undefined ? undefined : value === "true";
}

export function fieldManagerOf(manifest: Manifest): string | undefined {
  return annotation(manifest, PATCH_FIELD_MANAGER);
}

/** The expressions of `pulumi.com/waitFor`: one, or a JSON list of them. */
export function awaitedExpressions(manifest: Manifest): readonly string[] {
  const value = annotation(manifest, WAIT_FOR);
  if (value === undefined) return [];
  if (!value.trimStart().startsWith("[")) return [value];
  const parsed: unknown = JSON.parse(value);
  if (!Array.isArray(parsed) || parsed.length === 0) throw badWaitFor(manifest, value);
  return parsed.map((item: unknown) => {
    if (typeof item !== "string") throw badWaitFor(manifest, value);
    return item;
  });
}

/** Seconds to wait: `customTimeouts` first, then the annotation, then ten minutes. */
export function timeoutSecondsOf(manifest: Manifest, custom: number): number {
  if (custom > 0) return custom;
  const value = annotation(manifest, TIMEOUT_SECONDS);
  if (value === undefined) return DEFAULT_TIMEOUT_SECONDS;
  const seconds = Number(value);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new Fault({
    what: `annotation ${TIMEOUT_SECONDS} is no number of seconds`,
    where: idOf(referenceOf(manifest)),
    got: value,
    allowed: "a positive number, in quotes",
  });
}

/**
 * How dependents are deleted: waiting for them unless the program says otherwise. A ConfigMap and its like
 * have none, and so need not wait for the garbage collector to find that out.
 */
export function propagationOf(manifest: Manifest): Propagation {
  const asked = annotation(manifest, DELETION_PROPAGATION)?.toLowerCase();
  const known = PROPAGATIONS.find((propagation) => propagation.toLowerCase() === asked);
  if (known !== undefined) return known;
  const { apiVersion, kind } = referenceOf(manifest);
  return ownsNothing(apiVersion, kind) ? "Background" : "Foreground";
}

/** For these kinds, and for these only, the official provider does not wait for deletion when told to skip. */
export function skipsAwaitOnDelete(manifest: Manifest): boolean {
  const { apiVersion, kind } = referenceOf(manifest);
  return skipsAwait(manifest) && scopeOf(apiVersion, kind) !== "unknown" && SKIPPABLE.has(kind);
}

const SKIPPABLE = new Set([
  "Namespace",
  "Pod",
  "ReplicationController",
  "DaemonSet",
  "Deployment",
  "StatefulSet",
  "Job",
]);

function annotation(manifest: Manifest, key: string): string | undefined {
  const value = annotationsOf(manifest)[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function badWaitFor(manifest: Manifest, value: string): Fault {
  return new Fault({
    what: `annotation ${WAIT_FOR} cannot be understood`,
    where: idOf(referenceOf(manifest)),
    got: value,
    allowed: "jsonpath={.path}[=value], condition=Type[=Status], or a JSON list of such expressions",
  });
}
