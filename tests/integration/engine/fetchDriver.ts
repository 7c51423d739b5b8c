/**
 * A process that fetches one image with the real store and the real keys and policies, and can be killed.
 * Usage: node fetchDriver.ts FOLDER INSECURE,… REFERENCE
 */
import { join } from "node:path";
import { fetchImage } from "../../../engine/images/fetch.ts";
import { insecureOptionNames, insecureOptionsOf } from "../../../engine/insecureOptions.ts";
import { openStore } from "../../../engine/store/openStore.ts";
import { openTrustStore } from "../../../engine/trust/openTrustStore.ts";
import { messageOf } from "../../../errors/fault.ts";

const [folder = "", insecure = "", reference = ""] = process.argv.slice(2);
const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
// Warnings depend on the machine: whether there is a group rkt.
const report = { line: say, warn: () => undefined, debug: () => undefined, progress: () => undefined };
const folders = {
  data: join(folder, "data"),
  system: join(folder, "system"),
  local: join(folder, "local"),
  library: join(folder, "library"),
};
const context = {
  folders,
  configuration: { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1: {} },
  insecure: insecureOptionsOf(insecureOptionNames.filter((name) => insecure.split(",").includes(name))),
  trustKeysFromHttps: false,
  debug: false,
  report,
};
try {
  const store = await openStore(context);
  const trust = await openTrustStore(folders, report);
  const { record } = await fetchImage(context, store, trust, { reference, pullPolicy: "update" });
  process.stdout.write(`${JSON.stringify(record)}\n`);
} catch (error) {
  say(`fetch: ${messageOf(error)}`);
  process.exitCode = 254;
}
