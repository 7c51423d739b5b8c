import { discoverKeys } from "../../images/discovery/discover.ts";
import { addTrustedKeys } from "../../trust/addTrustedKeys.ts";
import { askOnTerminal } from "../../trust/review.ts";
import type { Command } from "../command.ts";

export const trust: Command = async ({ words, flags, context, print }) => {
  const settings = context();
  const prefix = flags.text("prefix");
  await addTrustedKeys(
    {
      locations: words,
      ...(prefix !== undefined && { prefix }),
      root: flags.flag("root"),
      skipFingerprintReview: flags.flag("skip-fingerprint-review"),
      trustKeysFromHttps: settings.trustKeysFromHttps,
      insecureAllowHttp: flags.flag("insecure-allow-http"),
      skipTlsCheck: settings.insecure.tls,
    },
    {
      folders: settings.folders,
      report: settings.report,
      print,
      ask: askOnTerminal(process.stdin, process.stderr),
      discoverKeys: (name, transport) => discoverKeys(settings, name, transport),
    },
  );
  return 0;
};
