/**
 * Brings an image into the store, verified, from wherever it is: the one way in. What a warm run does not need is
 * loaded when it is needed.
 */
import { statSync } from "node:fs";
import type { EngineContext } from "../context.ts";
import type { StoredImage } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { TrustStore } from "../trust/trustStore.ts";
import type { Fetching, FetchingOptions, PullPolicy } from "./download/fetching.ts";
import { withDefaults } from "./discovery/platformLabels.ts";
import { rememberedImage, storedRegistryImage } from "./download/remembered.ts";
import { parseReference, type ImageReference } from "./reference.ts";

export interface FetchRequest {
  /** As typed: an id, a path, a URL, `docker://…`, `oci:…` or a name. */
  readonly reference: string;
  /** A file with the signature, instead of the one that lies beside the image. */
  readonly signature?: string;
  readonly pullPolicy: PullPolicy;
}

/** The image, and in the store with it all that it depends on. */
export async function fetchImage(
  context: EngineContext,
  store: Store,
  trust: TrustStore,
  request: FetchRequest,
  options: FetchingOptions = {},
): Promise<StoredImage> {
  const reference = parseReference(request.reference, { workingFolder: process.cwd(), isFile });
  const known = await imageAtHand(store, reference, request.pullPolicy);
  if (known !== undefined && known.manifest.dependencies.length === 0) return known;
  const { beginFetching } = await import("./download/fetching.ts");
  const fetching = beginFetching(context, store, trust, options);
  try {
    const image = known ?? (await fetchOne(fetching, reference, request));
    if (image.manifest.dependencies.length > 0) {
      const { fetchDependencies } = await import("./discovery/fetchDependencies.ts");
      await fetchDependencies(fetching, image, request.pullPolicy);
    }
    return image;
  } finally {
    fetching.transport.close();
  }
}

/** What needs no more than the store. */
async function imageAtHand(
  store: Store,
  reference: ImageReference,
  policy: PullPolicy,
): Promise<StoredImage | undefined> {
  if (reference.kind === "id") return await store.byId(reference.id);
  if (policy === "update") return undefined;
  switch (reference.kind) {
    case "name": {
      const { name, labels } = withDefaults(reference);
      return await store.byName(name, labels);
    }
    case "url":
      return (await rememberedImage(store, reference.url.href))?.image;
    case "registry":
      return await storedRegistryImage(store, reference);
    case "file":
    case "layout":
      return undefined;
  }
}

async function fetchOne(
  fetching: Fetching,
  reference: ImageReference,
  { signature, pullPolicy }: FetchRequest,
): Promise<StoredImage> {
  switch (reference.kind) {
    case "id":
      return await fetching.store.byId(reference.id);
    case "file": {
      const { fetchFile } = await import("./download/fetchFile.ts");
      return await fetchFile(fetching, reference.path, signature);
    }
    case "url": {
      const { fetchUrl } = await import("./download/fetchUrl.ts");
      const wanted = { url: reference.url, signaturePath: signature, latest: false };
      return await fetchUrl(fetching, wanted, pullPolicy);
    }
    case "name": {
      const { fetchName } = await import("./discovery/fetchName.ts");
      return await fetchName(fetching, reference, { signature, pullPolicy });
    }
    case "registry": {
      const { fetchFromRegistry } = await import("./registry/fetchFromRegistry.ts");
      return await fetchFromRegistry(fetching, reference, pullPolicy);
    }
    case "layout": {
      const { fetchLayout } = await import("./layout/fetchLayout.ts");
      return await fetchLayout(fetching, reference);
    }
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
