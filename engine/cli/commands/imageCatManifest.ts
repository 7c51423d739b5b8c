import { serializeImageManifest } from "../../appc/serialize.ts";
import type { Command } from "../command.ts";
import { imageInStore } from "../imageInStore.ts";
import { onlyWord } from "../words.ts";
import { openStoreFor } from "../permissions.ts";

export const imageCatManifest: Command = async (invocation) => {
  const { flags, context, print } = invocation;
  const image = onlyWord(invocation);
  const { manifest } = await imageInStore(await openStoreFor(context()), image);
  print(serializeImageManifest(manifest, flags.flag("pretty-print", true) ? "\t" : undefined));
  return 0;
};
