/**
 * Trusts keys for example.com/team as another user: UID GID FOLDER KEY…. Everything is loaded before root is given up,
 * for a checkout may lie where only root reads.
 */
import { readFileSync } from "node:fs";
import "openpgp";
import { addTrustedKeys } from "../../../engine/trust/addTrustedKeys.ts";

const [uid = "", gid = "", local = "", ...locations] = process.argv.slice(2);
for (const location of locations) readFileSync(location);
process.setgroups?.([]);
process.setgid?.(Number(gid));
process.setuid?.(Number(uid));

const say = (text: string): void => {
  console.error(text);
};
try {
  await addTrustedKeys(
    { prefix: "example.com/team", locations, skipFingerprintReview: true },
    {
      folders: { local },
      report: { line: say, warn: say, debug: say, progress: say },
      print: say,
      ask: undefined,
      discoverKeys: () => Promise.resolve([]),
    },
  );
} catch (error) {
  say(String(error));
  process.exitCode = 254;
}
