import { Fault, messageOf } from "../../../errors/fault.ts";
import type { DiskStore } from "../../store/DiskStore.ts";
import type { ImageId } from "../../store/records.ts";
import type { Command } from "../command.ts";
import { imageInStore } from "../imageInStore.ts";
import { openStoreFor } from "../permissions.ts";

export const imageRm: Command = async ({ words, context, print, report }) => {
  if (words.length === 0) throw new Fault({ what: "must provide at least one image ID" });
  const store = await openStoreFor(context());
  let removed = 0;
  for (const word of words) {
    try {
      const id = await toRemove(store, word);
      await store.remove(id);
      print(`successfully removed aci for image: "${id}"`);
      removed++;
    } catch (error) {
      report.line(`rm: error removing image ${JSON.stringify(word)}: ${messageOf(error)}`);
    }
  }
  if (removed > 0) report.line(`rm: ${removed} image(s) successfully removed`);
  if (removed === words.length) return 0;
  report.line(`rm: ${words.length - removed} image(s) cannot be removed`);
  return 254;
};

/** An id need not name an image that can be read: removing it is what is to be done with one that is damaged. */
async function toRemove(store: DiskStore, word: string): Promise<ImageId> {
  return word.startsWith("sha512-") ? await store.wholeId(word) : (await imageInStore(store, word)).record.id;
}
