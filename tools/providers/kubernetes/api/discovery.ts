/** Which resources the API server serves, and under which paths: asked once, and again when a kind is new. */
import { at, listAt, textAt, type Json } from "../../../../provider/kubernetes/json.ts";
import type { ObjectReference } from "../object/manifest.ts";
import type { ApiClient } from "../../../../provider/kubernetes/client.ts";

export interface ServedKind {
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  readonly root: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

type Served = ReadonlyMap<string, ServedKind>;

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

export class Discovery {
  readonly #client: ApiClient;
  #served: Promise<Served> | undefined;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Undefined when the server has no such kind, even when it is asked anew. */
  async find(apiVersion: string, kind: string, signal: AbortSignal): Promise<ServedKind | undefined> {
    const key = `${apiVersion}/${kind}`;
    const isFresh = this.#served === undefined;
    const first = (this.#served ??= this.#ask(signal));
    const known = (await this.#answer(first)).get(key);
    if (known !== undefined || isFresh) return known;
    // Many may miss their kinds at once: the first of them asks, and the others wait for that answer.
    if (this.#served === first) this.#served = undefined;
    return (await this.#answer((this.#served ??= this.#ask(signal)))).get(key);
  }

  /** After a definition was created, what was learned before is out of date. */
  forget(): void {
    this.#served = undefined;
  }

  /** A failed question is no answer for those who come later. */
  async #answer(asked: Promise<Served>): Promise<Served> {
    try {
      return await asked;
    } catch (error) {
      if (this.#served === asked) this.#served = undefined;
      throw error;
    }
  }

  async #ask(signal: AbortSignal): Promise<Served> {
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
