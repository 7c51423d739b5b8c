import type { EngineContext } from "../../context.ts";
import { messageOf } from "../../../errors/fault.ts";
import { discoverKeys } from "./discover.ts";

/**
 * With `--trust-keys-from-https`, the keys that discovery tells for a name nobody has keys for yet. What goes wrong is
 * told and no more: another key may be trusted already for all images.
 */
export async function trustDiscoveredKeys(context: EngineContext, name: string): Promise<void> {
  const { trustKeysFromHttps, insecure, folders, report } = context;
  if (!trustKeysFromHttps || (insecure.tls && !insecure.pubkey)) return;
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
        trustKeysFromHttps: true,
        insecureAllowHttp: insecure.pubkey && insecure.http,
        skipTlsCheck: insecure.tls,
      },
      {
        folders,
        report,
        print,
        ask: undefined,
        discoverKeys: (prefix, transport) => discoverKeys(context, prefix, transport),
      },
    );
  } catch (error) {
    report.line(`image: error adding keys: ${messageOf(error)}`);
  }
}
