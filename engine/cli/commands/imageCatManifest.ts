import { serializeImageManifest } from "../../appc/serialize.ts";
import { openStore } from "../../store/openStore.ts";
import type { Command } from "../command.ts";
import { imageInStore } from "../imageInStore.ts";
import { onlyWord } from "../words.ts";

export const imageCatManifest: Command = async (invocation) => {
  const { flags, context, print } = invocation;
  const image = onlyWord(invocation);
  const { manifest } = await imageInStore(await openStore(context()), image);
  print(serializeImageManifest(manifest, flags.flag("pretty-print", true) ? "\t" : undefined));
  return 0;
};
