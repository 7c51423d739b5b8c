/** What else to look at while an object becomes ready: its pods, its endpoints, the warnings about it. */
import {
  isArray,
  isObject,
  listAt,
  objectAt,
  textAt,
  type Json,
} from "../../../../provider/kubernetes/json.ts";
import type { Manifest, ObjectReference } from "../object/manifest.ts";
import type { Selection } from "../api/watch.ts";

const WITH_PODS = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicationController", "Job"]);

/** The pods an object stands for, or undefined when it stands for none. */
export function podsOf(object: Manifest, reference: ObjectReference): Selection | undefined {
  const namespace = reference.namespace;
  if (namespace === undefined || !WITH_PODS.has(reference.kind)) return undefined;
  const selector = objectAt(object, "spec", "selector");
  const terms = reference.kind === "ReplicationController" ? equalities(selector) : selectorTerms(selector);
  if (terms.length === 0) return undefined;
  return { path: `/api/v1/namespaces/${namespace}/pods`, labelSelector: terms.join(",") };
}

export function endpointsOf(object: Manifest, reference: ObjectReference): Selection | undefined {
  if (reference.kind !== "Service" || reference.namespace === undefined) return undefined;
  if (Object.keys(objectAt(object, "spec", "selector")).length === 0) return undefined;
  return {
    path: `/apis/discovery.k8s.io/v1/namespaces/${reference.namespace}/endpointslices`,
    labelSelector: `kubernetes.io/service-name=${reference.name}`,
  };
}

export function warningsIn(reference: ObjectReference): Selection {
  return {
    path: `/api/v1/namespaces/${reference.namespace ?? "default"}/events`,
    fieldSelector: "type=Warning",
  };
}

/** A warning about the object or about what its controller makes in its name. */
export function concerns(event: Manifest, reference: ObjectReference): boolean {
  const name = textAt(event, "involvedObject", "name") ?? "";
  if (name === reference.name) return textAt(event, "involvedObject", "kind") === reference.kind;
  return WITH_PODS.has(reference.kind) && name.startsWith(`${reference.name}-`);
}

export function warningLine(event: Manifest): string {
  const kind = textAt(event, "involvedObject", "kind") ?? "";
  const name = textAt(event, "involvedObject", "name") ?? "";
  return `${kind} ${name}: ${textAt(event, "reason") ?? ""}: ${textAt(event, "message") ?? ""}`;
}

export function readyEndpoints(slice: Manifest): number {
  return listAt(slice, "endpoints").filter((endpoint) => {
    const conditions = isObject(endpoint) ? endpoint["conditions"] : undefined;
    return isObject(conditions) && conditions["ready"] !== false;
  }).length;
}

function selectorTerms(selector: Json): string[] {
  return [
    ...equalities(objectAt(selector, "matchLabels")),
    ...listAt(selector, "matchExpressions").flatMap(expression),
  ];
}

function equalities(labels: Json): string[] {
  if (!isObject(labels)) return [];
  return Object.entries(labels).flatMap(([key, value]) =>
    typeof value === "string" ? [`${key}=${value}`] : [],
  );
}

function expression(entry: Json): string[] {
  const key = textAt(entry, "key");
  if (key === undefined) return [];
  const listed = isObject(entry) ? entry["values"] : undefined;
  const values = isArray(listed) ? listed.filter((value) => typeof value === "string").join(",") : "";
  const operator = textAt(entry, "operator");
  if (operator === "In") return [`${key} in (${values})`];
  if (operator === "NotIn") return [`${key} notin (${values})`];
  if (operator === "Exists") return [key];
  return operator === "DoesNotExist" ? [`!${key}`] : [];
}
