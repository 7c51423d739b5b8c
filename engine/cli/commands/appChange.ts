import { Fault } from "../../../errors/fault.ts";
import { removeApp, startApp, stopApp } from "../../pods/apps/changeApps.ts";
import { openParts } from "../../pods/openParts.ts";
import type { PodParts } from "../../pods/parts.ts";
import type { Command } from "../command.ts";
import { onlyWord } from "../words.ts";

export const appStart = changing(startApp);
export const appStop = changing(stopApp);
export const appRm = changing(removeApp);

function changing(change: (parts: PodParts, uuid: string, app: string) => Promise<void>): Command {
  return async (invocation) => {
    const uuid = onlyWord(invocation);
    const app = invocation.flags.text("app");
    if (app === undefined)
      throw new Fault({ what: "must specify --app", remedy: "name the app with --app=NAME" });
    await change(openParts(invocation.context()), uuid, app);
    return 0;
  };
}
