/** A role's packages: what is missing is installed, and the ledger says so before apt starts. */
import { APT } from "../layout.ts";
import { sh } from "../remote/quote.ts";
import { upload } from "../remote/upload.ts";
import type { HostWork } from "../remote/work.ts";
import { assertClaimed } from "../claim/claim-file.ts";
import { removeFilesScript } from "./apply/files.ts";
import {
  install,
  missingPackages,
  planInstallation,
  POLICY_PATH,
  silenceServices,
} from "./apply/packages.ts";
import type { StateInputs } from "./inputs.ts";
import { emptyLedger, Neighbours, type Ledger } from "./ledger.ts";
import { announce } from "./ledger-file.ts";
import { EMPTY_REQUEST, survey, type Survey } from "./survey.ts";

/** Installs what is missing; recorded before apt starts, so that a kill in the middle leaves no stray package. */
export async function bringPackages(work: HostWork, state: StateInputs): Promise<void> {
  if (Object.keys(state.packages).length === 0) return;
  const request = { ...EMPTY_REQUEST, packages: Object.keys(state.packages), paths: [POLICY_PATH] };
  const isSettled = (found: Survey): boolean =>
    missingPackages(state.packages, found.packages).length === 0 &&
    found.ledgers.get(state.role)?.files[POLICY_PATH] === undefined;
  // A role that lacks nothing need not wait for another one's packages.
  if (isSettled(await survey(work, request, "looks at packages"))) return;
  await work.session.exclusive("packages", async () => {
    const found = await survey(work, request, "looks at packages");
    assertClaimed(work, found.claim, state.claim);
    if (!isSettled(found)) await installMissing(work, state, found);
  });
}

async function installMissing(work: HostWork, state: StateInputs, found: Survey): Promise<void> {
  const units = Object.keys(state.units);
  const interrupted = found.ledgers.get(state.role);
  if (interrupted?.files[POLICY_PATH] !== undefined)
    await silenceServices(work, interrupted.installed, units);
  const missing = missingPackages(state.packages, found.packages);
  if (missing.length === 0) return;
  const files = await bringPackageFiles(work, state.packageFiles, missing);
  const installation = await planInstallation(
    work,
    missing.map((wanted) => files.get(wanted) ?? wanted),
  );
  await amendLedger(work, state.role, (ledger, neighbours) => {
    const known = ledger.files[POLICY_PATH] ?? neighbours.entry(POLICY_PATH, (other) => other.files);
    return {
      ledger: {
        ...ledger,
        requested: [...new Set([...ledger.requested, ...Object.keys(state.packages)])],
        installed: [...new Set([...ledger.installed, ...installation.fresh])],
        // The plan that follows finds this file undesired and takes it away again.
        files: { ...ledger.files, [POLICY_PATH]: known ?? { created: !found.paths.has(POLICY_PATH) } },
      },
      backups: known === undefined && found.paths.has(POLICY_PATH) ? [POLICY_PATH] : [],
    };
  });
  try {
    await install(work, installation, units);
  } finally {
    await letServicesStart(work, state.role);
    if (files.size > 0) await work.step("clears uploaded packages", sh`rm -f -- ${[...files.values()]}`);
  }
}

/** Uploads packages that no archive has; gives the path on the host for each wanted `name=version`. */
async function bringPackageFiles(
  work: HostWork,
  packageFiles: StateInputs["packageFiles"],
  missing: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const folder = `${APT}/packages`;
  const files = new Map<string, string>();
  for (const wanted of missing) {
    const file = packageFiles[wanted.split("=", 1)[0] ?? ""];
    if (file === undefined) continue;
    const { path, sha256, size } = file;
    await upload(work, [{ sha256, size, from: { path } }], folder);
    // apt takes a file for a package by its ending, and reads it as a user without rights of its own.
    const target = `${folder}/${sha256}.deb`;
    await work.step(
      "names the package",
      sh`chmod 0755 ${folder}
chmod 0644 ${`${folder}/${sha256}`}
mv -fT ${`${folder}/${sha256}`} ${target}`,
    );
    files.set(wanted, target);
  }
  return files;
}

/** Takes the policy away as soon as apt is done: another role's package must not meet it. */
async function letServicesStart(work: HostWork, role: string): Promise<void> {
  await amendLedger(work, role, async (ledger) => {
    const entry = ledger.files[POLICY_PATH];
    if (entry !== undefined) {
      const removal = [{ path: POLICY_PATH, restore: !entry.created }];
      await work.step("lets services start again", removeFilesScript(removal).join("\n"));
    }
    const files = Object.fromEntries(Object.entries(ledger.files).filter(([path]) => path !== POLICY_PATH));
    return { ledger: { ...ledger, files }, backups: [] };
  });
}

interface Amendment {
  readonly ledger: Ledger;
  readonly backups: readonly string[];
}

async function amendLedger(
  work: HostWork,
  role: string,
  amend: (ledger: Ledger, neighbours: Neighbours) => Amendment | Promise<Amendment>,
): Promise<void> {
  await work.session.exclusive("ledger", async () => {
    const found = await survey(work, EMPTY_REQUEST, "reads the ledger");
    const ledger = found.ledgers.get(role) ?? emptyLedger(role, Date.now());
    const { ledger: next, backups } = await amend(ledger, new Neighbours(found.ledgers.values(), role));
    await announce(work, next, backups);
  });
}
