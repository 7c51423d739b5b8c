/** A Kubernetes object as a program declares it or the API server returns it. */
import { objectAt, textAt, type JsonObject } from "../../../../provider/kubernetes/json.ts";

export type Manifest = JsonObject;

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

export function referenceOf(manifest: Manifest): ObjectReference {
  return {
    apiVersion: textAt(manifest, "apiVersion") ?? "",
    kind: textAt(manifest, "kind") ?? "",
    namespace: textAt(manifest, "metadata", "namespace"),
    name: textAt(manifest, "metadata", "name") ?? "",
  };
}

/** `Deployment shop/web`, the way people name an object. */
export function titleOf(reference: ObjectReference): string {
  return `${reference.kind} ${idOf(reference)}`;
}

/** The id in Pulumi's state: `namespace/name`, or `name` for what belongs to the whole cluster. */
export function idOf(reference: Pick<ObjectReference, "namespace" | "name">): string {
  return reference.namespace === undefined || reference.namespace === ""
    ? reference.name
    : `${reference.namespace}/${reference.name}`;
}

export function parseId(id: string): { namespace: string | undefined; name: string } {
  const at = id.indexOf("/");
  return at < 0 ? { namespace: undefined, name: id } : { namespace: id.slice(0, at), name: id.slice(at + 1) };
}

export function annotationsOf(manifest: Manifest): JsonObject {
  return objectAt(manifest, "metadata", "annotations");
}

export function withMetadata(manifest: Manifest, metadata: JsonObject): Manifest {
  return { ...manifest, metadata: { ...objectAt(manifest, "metadata"), ...metadata } };
}

/** `apps/v1` → `apps`, `v1` → the core group, which is called by no name. */
export function groupOf(apiVersion: string): string {
  const at = apiVersion.indexOf("/");
  return at < 0 ? "" : apiVersion.slice(0, at);
}

const READ_ONLY_METADATA = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** Without what only the API server may write. */
export function withoutReadOnlyMetadata(manifest: Manifest): Manifest {
  const metadata = manifest["metadata"];
  if (metadata === undefined || metadata === null) return manifest;
  const kept = Object.entries(objectAt(manifest, "metadata")).filter(
    ([key]) => !READ_ONLY_METADATA.includes(key),
  );
  return { ...manifest, metadata: Object.fromEntries(kept) };
}
