/** The ledger on the host: replaced as a whole, on the disk before the change that it announces. */
import { BACKUPS, backupOf, BASE, BLOBS, ledgerFile, LEDGERS } from "../layout.ts";
import { sh } from "../remote/quote.ts";
import type { HostWork } from "../remote/work.ts";
import type { Ledger } from "./ledger.ts";

/** Makes the host layer's own directories. Only the base can be entered by others: apt needs a part of it. */
export const MAKE_BASE = sh`mkdir -p -m 0711 ${BASE}
mkdir -p -m 0700 ${[LEDGERS, BLOBS, BACKUPS]}`;

export function writeFileScript(path: string, text: string): string {
  return sh`umask 077
printf '%s' ${text} >${`${path}.new`}
sync -- ${`${path}.new`}
mv -fT -- ${`${path}.new`} ${path}
sync -- ${path.slice(0, path.lastIndexOf("/"))}
umask 022`;
}

export function ledgerScript(ledger: Ledger): string {
  return writeFileScript(ledgerFile(ledger.role), `${JSON.stringify(ledger)}\n`);
}

/** Copies what is about to be replaced, then writes the ledger that says so. */
export async function announce(work: HostWork, ledger: Ledger, backups: readonly string[]): Promise<void> {
  const copies = backups.map((path) => {
    const copy = backupOf(path);
    return sh`rm -rf -- ${`${copy}.new`}; cp -aT -- ${path} ${`${copy}.new`}; rm -rf -- ${copy}; mv -T -- ${`${copy}.new`} ${copy}`;
  });
  await work.step("writes down what it is about to change", [...copies, ledgerScript(ledger)].join("\n"));
}
