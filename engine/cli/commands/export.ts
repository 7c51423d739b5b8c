import { resolve } from "node:path";
import { Fault } from "../../../errors/fault.ts";
import { exportPod } from "../../pods/exportPod.ts";
import { openParts } from "../../pods/openParts.ts";
import type { Command } from "../command.ts";
import { twoWords } from "../words.ts";
import { refuseUnreadablePods } from "../permissions.ts";

export const exportApp: Command = async (invocation) => {
  const { flags, context } = invocation;
  const [uuid, output] = twoWords(invocation);
  if (!output.endsWith(".aci")) throw new Fault({ what: `extension must be .aci (given ${output})` });
  refuseUnreadablePods(context());
  const app = flags.text("app");
  await exportPod(openParts(context()), {
    uuid,
    ...(app !== undefined && { app }),
    output: resolve(output),
    overwrite: flags.flag("overwrite"),
  });
  return 0;
};
