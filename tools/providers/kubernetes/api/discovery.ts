/** Which resources the API server serves, and under which paths: asked once, and again when a kind is new. */
import { at, listAt, textAt, type Json } from "../object/json.ts";
import { groupOf, type ObjectReference } from "../object/manifest.ts";
import type { ApiClient } from "./client.ts";

export interface ServedKind {
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  readonly root: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

export class Discovery {
  readonly #client: ApiClient;
  #served: Promise<ReadonlyMap<string, ServedKind>> | undefined;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Undefined when the server has no such kind. */
  async find(apiVersion: string, kind: string, signal: AbortSignal): Promise<ServedKind | undefined> {
    this.#served ??= this.#ask(signal);
    const asked = this.#served;
    try {
      return (await asked).get(`${apiVersion}/${kind}`);
    } catch (error) {
      // Others may have begun anew meanwhile.
      if (this.#served === asked) this.#served = undefined;
      throw error;
    }
  }

  /** After a definition was created, what was learned before is out of date. */
  forget(): void {
    this.#served = undefined;
  }

  async #ask(signal: AbortSignal): Promise<ReadonlyMap<string, ServedKind>> {
    const lists = await Promise.all(
      ["/api", "/apis"].map((path) => this.#client.json(path, { accept: AGGREGATED, signal })),
    );
    const served = new Map<string, ServedKind>();
    for (const list of lists) {
      for (const group of listAt(list, "items")) readGroup(group, served);
    }
    return served;
  }
}

function readGroup(group: Json, served: Map<string, ServedKind>): void {
  const name = textAt(group, "metadata", "name") ?? "";
  for (const version of listAt(group, "versions")) {
    const number = textAt(version, "version") ?? "";
    const apiVersion = name === "" ? number : `${name}/${number}`;
    for (const resource of listAt(version, "resources")) {
      const kind = textAt(resource, "responseKind", "kind");
      const plural = textAt(resource, "resource");
      if (kind === undefined || plural === undefined) continue;
      // A kind may be the answer of several resources; the one that can be created is the one that is meant.
      const verbs = listAt(resource, "verbs");
      const key = `${apiVersion}/${kind}`;
      if (served.has(key) && !verbs.includes("create")) continue;
      served.set(key, {
        root: name === "" ? `/api/${number}` : `/apis/${name}/${number}`,
        plural,
        namespaced: at(resource, "scope") === "Namespaced",
      });
    }
  }
}

/** The path of all objects of a kind, in one namespace or in the whole cluster. */
export function collectionPath(served: ServedKind, namespace: string | undefined): string {
  const place =
    served.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${served.root}${place}/${served.plural}`;
}

export function objectPath(served: ServedKind, reference: ObjectReference): string {
  return `${collectionPath(served, reference.namespace)}/${encodeURIComponent(reference.name)}`;
}

export function isCustomGroup(apiVersion: string): boolean {
  return groupOf(apiVersion).includes(".") && !groupOf(apiVersion).endsWith(".k8s.io");
}
