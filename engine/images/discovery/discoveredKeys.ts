import { messageOf } from "../../../errors/fault.ts";
import { askOnTerminal, type Ask } from "../../trust/review.ts";
import type { Fetching } from "../download/fetching.ts";
import { discoverKeys } from "./discover.ts";

/**
 * The keys that discovery tells for a name nobody has keys for yet: with `--trust-keys-from-https` as they come, and at a
 * terminal after somebody has looked at them. What goes wrong is told and no more: what is wanted is the image, and its
 * own refusal says what is missing.
 */
export async function trustDiscoveredKeys(
  { context, authorities }: Pick<Fetching, "context" | "authorities">,
  name: string,
  ask: Ask | undefined = askOnTerminal(process.stdin, process.stderr),
): Promise<void> {
  const { trustKeysFromHttps, insecure, folders, report } = context;
  const unreviewed = trustKeysFromHttps && (!insecure.tls || insecure.pubkey);
  if (!unreviewed && ask === undefined) return;
  const { keysTrustedFor } = await import("../../trust/keyFolders.ts");
  if ((await keysTrustedFor(name, folders, report)).length > 0) return;
  const { addTrustedKeys } = await import("../../trust/addTrustedKeys.ts");
  const print = (line: string): void => {
    report.line(line);
  };
  try {
    await addTrustedKeys(
      {
        locations: [],
        prefix: name,
        trustKeysFromHttps: unreviewed,
        insecureAllowHttp: insecure.pubkey && insecure.http,
        skipTlsCheck: insecure.tls,
        authorities,
      },
      {
        folders,
        report,
        print,
        ask,
        discoverKeys: (prefix, transport) => discoverKeys(context, prefix, transport, { authorities }),
      },
    );
  } catch (error) {
    report.line(`image: error adding keys: ${messageOf(error)}`);
  }
}
