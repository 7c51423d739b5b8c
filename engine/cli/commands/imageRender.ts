import { resolve } from "node:path";
import { renderImage } from "../../store/takeOut.ts";
import type { Command } from "../command.ts";
import { imageInStore } from "../imageInStore.ts";
import { twoWords } from "../words.ts";
import { openStoreFor } from "../permissions.ts";

export const imageRender: Command = async (invocation) => {
  const { flags, context } = invocation;
  const [image, folder] = twoWords(invocation);
  const store = await openStoreFor(context());
  const { record } = await imageInStore(store, image);
  await renderImage(store, record.id, resolve(folder), {
    overwrite: flags.flag("overwrite"),
    rootfsOnly: flags.flag("rootfs-only"),
  });
  return 0;
};
