import { resolve } from "node:path";
import { Fault } from "../../../errors/fault.ts";
import { exportImage } from "../../store/takeOut.ts";
import type { Command } from "../command.ts";
import { imageInStore } from "../imageInStore.ts";
import { twoWords } from "../words.ts";
import { openStoreFor } from "../permissions.ts";

export const imageExport: Command = async (invocation) => {
  const { flags, context } = invocation;
  const [image, output] = twoWords(invocation);
  if (!output.endsWith(".aci")) throw new Fault({ what: `extension must be .aci (given ${output})` });
  const store = await openStoreFor(context());
  const { record } = await imageInStore(store, image);
  await exportImage(store, record.id, resolve(output), { overwrite: flags.flag("overwrite") });
  return 0;
};
