/**
 * Watching: the state of what matches now, then every change of it. A watch that the server ends, or that
 * breaks, is taken up again by listing anew, so that nothing is missed.
 */
import type { IncomingMessage } from "node:http";
import { isObject, listAt, parseJson, textAt, type Json } from "../../../../provider/kubernetes/json.ts";
import type { Manifest } from "../object/manifest.ts";
import type { ApiClient } from "../../../../provider/kubernetes/client.ts";
import { codeOf, Refusal, Unreachable } from "../../../../provider/kubernetes/failure.ts";
import { patiently } from "../../../../provider/kubernetes/patience.ts";

export interface Selection {
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export type Sighting =
  | { readonly type: "present"; readonly object: Manifest }
  | { readonly type: "gone"; readonly object: Manifest }
  /** All that matched when the list was made has been told; after a reconnect it is told again. */
  | { readonly type: "listed"; readonly names: readonly string[] };

/** How long a watch may lose the server before it gives up. */
const PATIENCE_MS = 120_000;

export async function* watch(
  client: ApiClient,
  selection: Selection,
  signal: AbortSignal,
  onRetry?: (error: unknown) => void,
): AsyncGenerator<Sighting, void, undefined> {
  const selectors = {
    ...(selection.fieldSelector === undefined ? {} : { fieldSelector: selection.fieldSelector }),
    ...(selection.labelSelector === undefined ? {} : { labelSelector: selection.labelSelector }),
  };
  for (;;) {
    const patience = { signal, deadline: Date.now() + PATIENCE_MS, ...(onRetry ? { onRetry } : {}) };
    const list = await patiently(patience, () => client.json(selection.path, { query: selectors, signal }));
    const objects = listAt(list, "items").filter(isObject);
    for (const object of objects) yield { type: "present", object: typed(object, list) };
    yield { type: "listed", names: objects.map((object) => textAt(object, "metadata", "name") ?? "") };
    let version = textAt(list, "metadata", "resourceVersion") ?? "0";
    try {
      const query = { ...selectors, watch: "true", resourceVersion: version, allowWatchBookmarks: "true" };
      const response = await patiently(patience, () => client.open(selection.path, { query, signal }));
      for await (const event of events(response)) {
        const object = isObject(event) ? event["object"] : undefined;
        if (!isObject(object)) continue;
        version = textAt(object, "metadata", "resourceVersion") ?? version;
        const type = textAt(event, "type");
        if (type === "ERROR") throw new Refusal(codeOf(object), object);
        if (type === "ADDED" || type === "MODIFIED") yield { type: "present", object };
        else if (type === "DELETED") yield { type: "gone", object };
      }
    } catch (error) {
      if (signal.aborted) return;
      // 410: the version is too old to go on from. A broken stream: the list will tell what was missed.
      const resumable = error instanceof Unreachable || (error instanceof Refusal && error.code === 410);
      if (!resumable && !isBrokenStream(error)) throw error;
      onRetry?.(error);
    }
    if (signal.aborted) return;
  }
}

/** Items of a list come without their kind. */
function typed(object: Manifest, list: Json): Manifest {
  const kind = textAt(list, "kind")?.replace(/List$/, "");
  const apiVersion = textAt(list, "apiVersion");
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    ...object,
  };
}

async function* events(response: IncomingMessage): AsyncGenerator<Json, void, undefined> {
  response.setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield parseJson(line);
    }
  } finally {
    response.destroy();
  }
}

function isBrokenStream(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "ECONNRESET" || error.code === "ERR_STREAM_PREMATURE_CLOSE")
  );
}
