import { Fault } from "../../../errors/fault.ts";
import { verifyImage } from "../../store/verifyImage.ts";
import type { Command } from "../command.ts";
import { imageInStore } from "../imageInStore.ts";
import { openStoreFor } from "../permissions.ts";

export const imageVerify: Command = async ({ words, context, print }) => {
  if (words.length === 0) throw new Fault({ what: "must provide at least one image ID" });
  const store = await openStoreFor(context());
  for (const word of words) {
    const { record } = await imageInStore(store, word);
    const verdict = await verifyImage(store, record.id);
    if (verdict.kind === "rendered") print(`rendered image ${JSON.stringify(word)}: ${verdict.reason}`);
    print(`successfully verified checksum for image: ${JSON.stringify(word)} ("${record.id}")`);
  }
  return 0;
};
