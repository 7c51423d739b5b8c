import { Fault } from "../../../errors/fault.ts";
import { openParts } from "../../pods/openParts.ts";
import type { Command } from "../command.ts";
import { readImages } from "../flags/images.ts";
import { pullPolicyOf } from "../flags/podRequests.ts";
import { shortId } from "../output/imageId.ts";
import { needingStore } from "../permissions.ts";

export const fetch: Command = async ({ grammar, flags, said, context, print }) => {
  const { apps } = readImages(grammar, said, "refused");
  if (apps.length === 0) throw new Fault({ what: "must provide at least one image" });
  const policy = pullPolicyOf(flags, "update");
  const parts = openParts(context());
  await needingStore(() => parts.store());
  for (const app of apps) {
    const { record } = await parts.fetch(app, policy);
    print(flags.flag("full") ? record.id : shortId(record.id));
  }
  return 0;
};
