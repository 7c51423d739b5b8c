import { resolve } from "node:path";
import { Fault } from "../../../errors/fault.ts";
import { buildImage } from "../../build/buildImage.ts";
import type { SigningKey } from "../../build/signImage.ts";
import { parseNetworks } from "../../network/networkList.ts";
import { openParts } from "../../pods/openParts.ts";
import type { EngineContext } from "../../context.ts";
import type { Command } from "../command.ts";
import type { FlagValues } from "../flagValues.ts";
import { each } from "../flags/podRequests.ts";
import { twoWords } from "../words.ts";

/** Prints the image's id. */
export const imageBuild: Command = async (invocation) => {
  const { flags, context, print } = invocation;
  const [description, output] = twoWords(invocation);
  const networks = each(invocation, "net", (text) => {
    parseNetworks(text);
    return { text };
  }).map(({ text }) => text);
  const network = networks.length === 0 ? "none" : networks.join(",");
  const servers = flags.texts("dns");
  const parts = openParts(context());
  const sourceDate = process.env["SOURCE_DATE_EPOCH"];
  const id = await buildImage(parts, {
    description,
    output,
    overwrite: flags.flag("overwrite"),
    sign: signingKey(flags),
    network,
    // What a step reaches by name it finds as this host would, unless somebody says otherwise.
    dns: servers.length === 0 && network !== "none" ? ["host"] : servers,
    ...(sourceDate !== undefined && { sourceDate }),
    engine: thisCommand(context()),
  });
  print(id);
  return 0;
};

function signingKey(flags: FlagValues): SigningKey | undefined {
  const file = flags.text("sign-key");
  const byGpg = flags.has("sign");
  if (file !== undefined && byGpg) throw new Fault({ what: "--sign and --sign-key cannot be used together" });
  if (file !== undefined) return { from: "file", path: resolve(file) };
  return byGpg ? { from: "gpg", user: flags.text("sign") } : undefined;
}

function thisCommand({ folders, debug }: EngineContext): Parameters<typeof buildImage>[1]["engine"] {
  const [, script = ""] = process.argv;
  return {
    program: process.execPath,
    args: [
      ...process.execArgv,
      script,
      `--dir=${folders.data}`,
      `--system-config=${folders.system}`,
      `--local-config=${folders.local}`,
      ...(folders.user === undefined ? [] : [`--user-config=${folders.user}`]),
      ...(debug ? ["--debug"] : []),
    ],
    data: folders.data,
  };
}
