import { Fault } from "../../errors/fault.ts";
import { checkBytes } from "./damage.ts";
import { treeIdOf } from "./dependencies.ts";
import type { DiskStore } from "./DiskStore.ts";
import type { ImageId } from "./records.ts";
import { checkContents, checkNotes } from "./treeHash.ts";
import { isRendered } from "./treePlace.ts";

export type Verdict =
  | { readonly kind: "whole" }
  /** There is no tree yet, or it was not what it should be and has been made anew; `reason` says which. */
  | { readonly kind: "rendered"; readonly reason: string };

/**
 * Checks everything of an image, byte by byte: what is in the store against its id, and its tree against what was made
 * of it. A tree that fails is made anew, as rkt does; bytes that fail cannot be, and are a Fault.
 */
export async function verifyImage(store: DiskStore, id: ImageId): Promise<Verdict> {
  const use = await store.use(id);
  try {
    const parts = await store.parts(id);
    for (const { image } of parts) await checkBytes(store.folders, image.record);
    const treeId = treeIdOf(parts);
    if (!isRendered(store.folders, treeId)) {
      await store.render(id);
      return { kind: "rendered", reason: "it was not rendered yet" };
    }
    try {
      await checkContents(store.folders, treeId);
      await checkNotes(store.folders, treeId);
      return { kind: "whole" };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      await store.renderAnew(id);
      return { kind: "rendered", reason: error.details.what };
    }
  } finally {
    use.release();
  }
}
