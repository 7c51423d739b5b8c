/** Takes a role away: what it has put on the host goes, and what was there before comes back. */
import { Fault } from "../../../errors/fault.ts";
import { claimOf } from "../claim/claim-file.ts";
import { CLAIM_FILE, ledgerFile, stagingOf } from "../layout.ts";
import { sh } from "../remote/quote.ts";
import type { HostWork } from "../remote/work.ts";
import { sweepBlobsScript } from "./apply/files.ts";
import { reloadUnits } from "./apply/units.ts";
import { planChanges, type DesiredParts } from "./plan.ts";
import { hadUnits, purgeRemoved, removeFiles, removeRest, stopRemoved } from "./removal.ts";
import { EMPTY_REQUEST, survey } from "./survey.ts";

/** Takes away what a role has put on the host, and brings back what was there before. */
export async function removeRole(work: HostWork, role: string): Promise<void> {
  const nothing: DesiredParts = {
    packages: {},
    users: {},
    directories: {},
    sysctls: {},
    units: {},
    teardown: [],
  };
  const looked = await survey(work, EMPTY_REQUEST, "reads the ledger");
  const ledger = looked.ledgers.get(role);
  if (ledger === undefined) return;
  await tearDown(work, ledger.teardown);
  const plan = planChanges({ desired: nothing, files: new Map(), survey: looked, ledger });
  await stopRemoved(work, plan);
  const finish = (): Promise<void> =>
    // From here on, two roles that share something must see each other's ledger as it is.
    work.session.exclusive("ledger", async () => {
      const again = await survey(work, EMPTY_REQUEST, "reads the ledger");
      const final = planChanges({ desired: nothing, files: new Map(), survey: again, ledger });
      await removeFiles(work, final);
      await purgeRemoved(work, final);
      await removeRest(work, final, [
        sh`rm -f -- ${ledgerFile(role)}`,
        sh`rm -rf -- ${stagingOf(role)}`,
        sweepBlobsScript(work.session.blobUses.names),
      ]);
    });
  await (ledger.installed.length > 0 ? work.session.exclusive("packages", finish) : finish());
  if (hadUnits(plan)) await reloadUnits(work);
}

async function tearDown(work: HostWork, commands: readonly (readonly string[])[]): Promise<void> {
  for (const command of commands) {
    // A step of the teardown that fails must not keep the rest from going: the sweep after it is thorough.
    const result = await work.attempt(`runs ${command.join(" ").slice(0, 80)}`, sh`${command} 9>&-`);
    if (result.code !== 0) {
      work.log.warning(
        work.fault(`the teardown command "${command.join(" ").slice(0, 80)}"`, result).message,
      );
    }
  }
}

/** A host whose claim is gone holds nothing of ours; one that is somebody else's is not to be touched. */
export async function holdsOurs(work: HostWork, claim: string): Promise<boolean> {
  const found = await survey(work, EMPTY_REQUEST, "reads the claim");
  const owner = claimOf(found.claim);
  if (owner === undefined) return found.ledgers.size > 0;
  if (owner.claim === claim) return true;
  throw new Fault({
    what: "the host is claimed by another stack, so nothing is removed from it",
    where: `${work.host}: ${CLAIM_FILE}`,
    got: owner.claim,
    allowed: claim,
    remedy: `if the host was given to the other stack, let go of it here: RKTNETES_ABANDON=${work.host}`,
  });
}
