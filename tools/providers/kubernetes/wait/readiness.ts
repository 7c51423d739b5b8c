/**
 * When an object counts as ready: pure judgements of its status, one for each kind that has something to wait
 * for. They follow the official provider's, which follow `kubectl rollout status`.
 */
import {
  at,
  isObject,
  listAt,
  numberAt,
  objectAt,
  textAt,
  type Json,
} from "../../../../provider/kubernetes/json.ts";
import { groupOf, type Manifest } from "../object/manifest.ts";
import { sameJson } from "./same.ts";

export type Readiness =
  | { readonly state: "ready" }
  | { readonly state: "waiting"; readonly because: string }
  /** It will not become ready by waiting. */
  | { readonly state: "failed"; readonly because: string };

/** What must be known beyond the object itself. */
export interface Surroundings {
  /** Ready endpoints of a Service. */
  readonly readyEndpoints: number;
  /** How the storage class of a claim binds; undefined when there is no such class. */
  readonly bindingMode: string | undefined;
}

type Judge = (object: Manifest, surroundings: Surroundings) => Readiness;

const READY: Readiness = { state: "ready" };
const waiting = (because: string): Readiness => ({ state: "waiting", because });
const failed = (because: string): Readiness => ({ state: "failed", because });

/** The judge of a kind, or undefined when creating it is all there is. */
export function judgeOf(object: Manifest): Judge | undefined {
  return JUDGES[`${groupOf(textAt(object, "apiVersion") ?? "")}/${textAt(object, "kind") ?? ""}`];
}

const judgeDeployment: Judge = (object) => {
  const stale = unobserved(object);
  if (stale !== undefined) return stale;
  const progressing = condition(object, "Progressing");
  if (textAt(progressing, "reason") === "ProgressDeadlineExceeded") {
    return failed(`it makes no progress: ${textAt(progressing, "message") ?? "deadline exceeded"}`);
  }
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const status = objectAt(object, "status");
  const updated = numberAt(status, "updatedReplicas") ?? 0;
  const existing = numberAt(status, "replicas") ?? 0;
  const available = numberAt(status, "availableReplicas") ?? 0;
  if (updated < wanted) return waiting(`${updated} of ${wanted} new replicas exist`);
  if (existing > updated) return waiting(`${existing - updated} old replicas are still there`);
  if (available < updated) return waiting(`${available} of ${wanted} replicas are available`);
  return READY;
};

const judgeStatefulSet: Judge = (object) => {
  const stale = unobserved(object);
  if (stale !== undefined) return stale;
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const status = objectAt(object, "status");
  const ready = numberAt(status, "readyReplicas") ?? 0;
  if (ready < wanted) return waiting(`${ready} of ${wanted} replicas are ready`);
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") return READY;
  const at = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
  const due = Math.max(wanted - at, 0);
  const updated = numberAt(status, "updatedReplicas") ?? 0;
  const settled = textAt(status, "currentRevision") === textAt(status, "updateRevision");
  if (updated < due && !settled) return waiting(`${updated} of ${due} replicas are updated`);
  return READY;
};

const judgeDaemonSet: Judge = (object) => {
  const stale = unobserved(object);
  if (stale !== undefined) return stale;
  const status = objectAt(object, "status");
  const wanted = numberAt(status, "desiredNumberScheduled") ?? 0;
  const available = numberAt(status, "numberAvailable") ?? 0;
  const updated = numberAt(status, "updatedNumberScheduled") ?? 0;
  const rolls = textAt(object, "spec", "updateStrategy", "type") !== "OnDelete";
  if (rolls && updated < wanted) return waiting(`${updated} of ${wanted} nodes run the new pod`);
  if (available < wanted) return waiting(`the pod is available on ${available} of ${wanted} nodes`);
  return READY;
};

const judgeReplicationController: Judge = (object) => {
  const stale = unobserved(object);
  if (stale !== undefined) return stale;
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const available = numberAt(object, "status", "availableReplicas") ?? 0;
  return available < wanted ? waiting(`${available} of ${wanted} replicas are available`) : READY;
};

const judgeJob: Judge = (object) => {
  if (isTrue(condition(object, "Complete"))) return READY;
  const failure = condition(object, "Failed") ?? condition(object, "FailureTarget");
  if (isTrue(failure)) {
    return failed(
      `the job failed: ${textAt(failure, "reason") ?? ""} ${textAt(failure, "message") ?? ""}`.trim(),
    );
  }
  if (at(object, "spec", "suspend") === true) return READY;
  const wanted = numberAt(object, "spec", "completions") ?? 1;
  const done = numberAt(object, "status", "succeeded") ?? 0;
  const active = numberAt(object, "status", "active") ?? 0;
  return waiting(`${done} of ${wanted} completions, ${active} pods active`);
};

const judgePod: Judge = (object) => {
  const phase = textAt(object, "status", "phase");
  if (phase === "Succeeded") return READY;
  if (phase === "Failed")
    return failed(`the pod failed: ${textAt(object, "status", "message") ?? "see its containers"}`);
  const ready = condition(object, "Ready");
  if (isTrue(ready)) return READY;
  return waiting(`the pod is ${phase ?? "not seen yet"}, not ready`);
};

const judgeService: Judge = (object, surroundings) => {
  const type = textAt(object, "spec", "type") ?? "ClusterIP";
  if (type === "ExternalName") return READY;
  const selects = Object.keys(objectAt(object, "spec", "selector")).length > 0;
  const headless = textAt(object, "spec", "clusterIP") === "None";
  if (selects && !headless && surroundings.readyEndpoints === 0) {
    return waiting("no ready pod is behind it");
  }
  if (type === "LoadBalancer" && listAt(object, "status", "loadBalancer", "ingress").length === 0) {
    return waiting("no load balancer has given it an address");
  }
  return READY;
};

const judgeIngress: Judge = (object) =>
  listAt(object, "status", "loadBalancer", "ingress").length === 0
    ? waiting("no ingress controller has given it an address")
    : READY;

const judgeClaim: Judge = (object, surroundings) => {
  const phase = textAt(object, "status", "phase");
  if (phase === "Bound") return READY;
  if (phase === "Lost") return failed("the volume it was bound to is gone");
  // Such a claim is bound when a pod uses it, and that pod may come after it.
  if (surroundings.bindingMode === "WaitForFirstConsumer") return READY;
  return waiting(`the claim is ${phase ?? "not seen yet"}, no volume is bound to it`);
};

const judgeVolume: Judge = (object) => {
  const phase = textAt(object, "status", "phase");
  if (phase === "Available" || phase === "Bound") return READY;
  if (phase === "Failed") return failed(textAt(object, "status", "message") ?? "the volume failed");
  return waiting(`the volume is ${phase ?? "not seen yet"}`);
};

const judgeNamespace: Judge = (object) =>
  textAt(object, "status", "phase") === "Active" ? READY : waiting("the namespace is not active");

const judgeDefinition: Judge = (object) => {
  const names = condition(object, "NamesAccepted");
  if (textAt(names, "status") === "False")
    return failed(`its names are taken: ${textAt(names, "message") ?? ""}`);
  return isTrue(condition(object, "Established")) ? READY : waiting("its API is not established");
};

const judgeQuota: Judge = (object) =>
  sameJson(objectAt(object, "spec", "hard"), objectAt(object, "status", "hard"))
    ? READY
    : waiting("the quota is not in force");

const judgeSecret: Judge = (object) => {
  if (textAt(object, "type") !== "kubernetes.io/service-account-token") return READY;
  return Object.keys(objectAt(object, "data")).length > 0 ? READY : waiting("no token has been issued");
};

const JUDGES: Readonly<Record<string, Judge>> = {
  "/Namespace": judgeNamespace,
  "/PersistentVolume": judgeVolume,
  "/PersistentVolumeClaim": judgeClaim,
  "/Pod": judgePod,
  "/ReplicationController": judgeReplicationController,
  "/ResourceQuota": judgeQuota,
  "/Secret": judgeSecret,
  "/Service": judgeService,
  "apiextensions.k8s.io/CustomResourceDefinition": judgeDefinition,
  "apps/DaemonSet": judgeDaemonSet,
  "apps/Deployment": judgeDeployment,
  "apps/StatefulSet": judgeStatefulSet,
  "batch/Job": judgeJob,
  "networking.k8s.io/Ingress": judgeIngress,
};

export function condition(object: Manifest, type: string): Json | undefined {
  return listAt(object, "status", "conditions").find((entry) => textAt(entry, "type") === type);
}

function isTrue(entry: Json | undefined): boolean {
  return isObject(entry) && entry["status"] === "True";
}

/** The status speaks of an older version of the object until its controller has seen the new one. */
function unobserved(object: Manifest): Readiness | undefined {
  const wanted = numberAt(object, "metadata", "generation") ?? 0;
  const observed = numberAt(object, "status", "observedGeneration") ?? 0;
  return observed < wanted ? waiting("its controller has not taken it up") : undefined;
}
