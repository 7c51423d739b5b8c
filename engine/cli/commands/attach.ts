import { Fault } from "../../../errors/fault.ts";
import { attachToApp, endpointsOf, type AttachRequest } from "../../pods/attachPod.ts";
import { openParts } from "../../pods/openParts.ts";
import type { Command } from "../command.ts";
import { attachMode } from "../flags/streamModes.ts";
import { onlyWord } from "../words.ts";

export const attach: Command = async (invocation) => {
  const { flags, context, print } = invocation;
  const uuid = onlyWord(invocation);
  const app = flags.text("app");
  const mode = attachMode(flags.text("mode") ?? "auto");
  if (typeof mode === "object" && "mistake" in mode) {
    throw new Fault({
      what: `invalid attach mode: ${mode.mistake}`,
      allowed: "auto, list, or names of streams: stdin, stdout, stderr; tty, tty-in, tty-out",
    });
  }
  const parts = openParts(context());
  const pod = { uuid, ...(app !== undefined && { app }) };
  if (mode === "list") {
    print(JSON.stringify(await endpointsOf(parts, pod), undefined, 4));
    return 0;
  }
  return await attachToApp(parts, { ...pod, streams: mode } satisfies AttachRequest);
};
