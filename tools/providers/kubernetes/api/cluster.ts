/** The API server as the provider uses it: objects by reference, server-side apply, deletion, watches. */
import { Fault } from "../../../../errors/fault.ts";
import { isObject, textAt, type Json } from "../../../../provider/kubernetes/json.ts";
import { referenceOf, titleOf, type Manifest, type ObjectReference } from "../object/manifest.ts";
import type { ClusterAccess } from "../../../../provider/kubernetes/access.ts";
import { ApiClient } from "../../../../provider/kubernetes/client.ts";
import { collectionPath, Discovery, objectPath, type ServedKind } from "./discovery.ts";
import { isMissing } from "../../../../provider/kubernetes/failure.ts";
import { watch, type Selection, type Sighting } from "./watch.ts";

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Takes fields from whoever manages them now. */
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface DeleteOptions {
  readonly propagation: "Foreground" | "Background" | "Orphan";
  readonly uid: string | undefined;
  readonly signal: AbortSignal;
}

export class Cluster {
  readonly #client: ApiClient;
  readonly #discovery: Discovery;
  readonly server: URL;

  constructor(access: ClusterAccess) {
    this.#client = new ApiClient(access);
    this.#discovery = new Discovery(this.#client);
    this.server = access.server;
  }

  /** Undefined when the server has no such kind. */
  find(reference: ObjectReference, signal: AbortSignal): Promise<ServedKind | undefined> {
    return this.#discovery.find(reference.apiVersion, reference.kind, signal);
  }

  async resolve(reference: ObjectReference, signal: AbortSignal): Promise<ServedKind> {
    const served = await this.find(reference, signal);
    if (served === undefined) throw new UnknownKind(reference);
    return served;
  }

  /** Undefined when there is no such object, or no such kind of object any more. */
  async get(reference: ObjectReference, signal: AbortSignal): Promise<Manifest | undefined> {
    const served = await this.find(reference, signal);
    if (served === undefined) return undefined;
    try {
      return asManifest(await this.#client.json(objectPath(served, reference), { signal }));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Server-side apply: creates the object or brings the fields we name to what we say. */
  async apply(manifest: Manifest, options: ApplyOptions): Promise<Manifest> {
    const reference = referenceOf(manifest);
    const served = await this.resolve(reference, options.signal);
    return asManifest(
      await this.#client.json(objectPath(served, reference), {
        method: "PATCH",
        contentType: "application/apply-patch+yaml",
        body: manifest,
        query: {
          fieldManager: options.fieldManager,
          force: String(options.force),
          ...(options.dryRun ? { dryRun: "All" } : {}),
        },
        signal: options.signal,
      }),
    );
  }

  /** Rewrites who manages which fields; fails when the object changed meanwhile. */
  async setManagedFields(
    object: Manifest,
    managedFields: readonly Json[],
    signal: AbortSignal,
  ): Promise<void> {
    const reference = referenceOf(object);
    const served = await this.resolve(reference, signal);
    const version = textAt(object, "metadata", "resourceVersion") ?? "";
    await this.#client.json(objectPath(served, reference), {
      method: "PATCH",
      contentType: "application/json-patch+json",
      body: [
        { op: "replace", path: "/metadata/managedFields", value: managedFields },
        { op: "replace", path: "/metadata/resourceVersion", value: version },
      ],
      signal,
    });
  }

  /** False when there was nothing to delete. */
  async delete(reference: ObjectReference, options: DeleteOptions): Promise<boolean> {
    const served = await this.find(reference, options.signal);
    if (served === undefined) return false;
    try {
      await this.#client.json(objectPath(served, reference), {
        method: "DELETE",
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          propagationPolicy: options.propagation,
          ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
        },
        signal: options.signal,
      });
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async *watchObject(
    reference: ObjectReference,
    signal: AbortSignal,
    onRetry?: (error: unknown) => void,
  ): AsyncGenerator<Sighting, void, undefined> {
    const served = await this.resolve(reference, signal);
    const selection = {
      path: collectionPath(served, reference.namespace),
      fieldSelector: `metadata.name=${reference.name}`,
    };
    yield* watch(this.#client, selection, signal, onRetry);
  }

  watchPath(selection: Selection, signal: AbortSignal): AsyncGenerator<Sighting, void, undefined> {
    return watch(this.#client, selection, signal);
  }

  async getPath(path: string, signal: AbortSignal): Promise<Json> {
    return this.#client.json(path, { signal });
  }

  forgetKinds(): void {
    this.#discovery.forget();
  }

  close(): void {
    this.#client.close();
  }
}

export class UnknownKind extends Fault {
  constructor(reference: ObjectReference) {
    super({
      what: `the API server has no kind ${reference.kind} in ${reference.apiVersion}`,
      where: titleOf(reference),
      remedy:
        "check apiVersion and kind; for a custom resource, let it depend on the CustomResourceDefinition that brings it",
    });
  }
}

function asManifest(json: Json): Manifest {
  if (isObject(json) && textAt(json, "kind") !== undefined) return json;
  throw new Error("the API server answered with something that is no object");
}
