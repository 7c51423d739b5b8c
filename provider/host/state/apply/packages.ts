/** Debian packages: installed with all that they need, recorded first, and taken away exactly. */
import { Fault } from "../../../../errors/fault.ts";
import { APT } from "../../layout.ts";
import { sh } from "../../remote/quote.ts";
import { tail, type HostWork } from "../../remote/work.ts";
import type { StepResult } from "../../remote/driver.ts";

const LOCK_SECONDS = 60;
/** Lists older than this are fetched anew before anything is installed. */
const LISTS_HOURS = 24;

/** While this file says 101, no package starts its services: a role starts what it declares. */
const POLICY = "/usr/sbin/policy-rc.d";

/** Whose package lists are used: the host's when they are fresh and know the package, else ones of our own. */
export type Lists = "host" | "ours";

export interface Installation {
  /** As apt takes them: `name` or `name=version`. */
  readonly wanted: readonly string[];
  readonly lists: Lists;
  /** Packages that are not there yet and will be, dependencies included. */
  readonly fresh: readonly string[];
}

/** The desired packages that are missing or of another version. */
export function missingPackages(
  desired: Readonly<Record<string, string>>,
  found: ReadonlyMap<string, string>,
): string[] {
  return Object.entries(desired)
    .filter(([name, version]) => {
      const installed = found.get(name);
      return installed === undefined || (version !== "" && installed !== version);
    })
    .map(([name, version]) => (version === "" ? name : `${name}=${version}`));
}

/** Finds out what installing would bring, and fetches package lists if it must. */
export async function planInstallation(work: HostWork, wanted: readonly string[]): Promise<Installation> {
  await mendInterrupted(work);
  for (const lists of await freshLists(work)) {
    const simulated = await simulate(work, wanted, lists);
    if (simulated.code === 0) return { wanted, lists, fresh: freshOf(simulated) };
  }
  const fetched = await work.attempt(
    "fetches package lists",
    sh`mkdir -p -m 0755 ${[APT, `${APT}/lists/partial`, `${APT}/cache/archives/partial`]}
apt-get -q ${aptOptions("ours")} -o APT::Update::Error-Mode=any update
touch ${`${APT}/lists`}`,
    { onOutput: aptProgress(work) },
  );
  if (fetched.code === 0) {
    const simulated = await simulate(work, wanted, "ours");
    if (simulated.code !== 0) throw missingFault(work, wanted, simulated);
    return { wanted, lists: "ours", fresh: freshOf(simulated) };
  }
  // Without a way to the archive, what an older list knows may still be in reach (a local mirror, a cache).
  const simulated = await simulate(work, wanted, "host");
  if (simulated.code !== 0) throw missingFault(work, wanted, simulated, fetched);
  work.log.warning(
    `${work.host}: package lists could not be fetched, so older ones are used: ${aptSaid(fetched)}`,
  );
  return { wanted, lists: "host", fresh: freshOf(simulated) };
}

/** Lists that are there and not old. */
async function freshLists(work: HostWork): Promise<Lists[]> {
  const minutes = `-${LISTS_HOURS * 60}`;
  const found = await work.step(
    "looks at the package lists",
    sh`fresh() { if [ -n "$(find "$2" -maxdepth 1 -name '*_Packages*' -print -quit 2>/dev/null)" ] && [ -n "$(find "$2" -maxdepth 0 -mmin ${minutes})" ]; then echo "$1"; fi; }
fresh host /var/lib/apt/lists
fresh ours ${`${APT}/lists`}`,
  );
  const names = found.stdout.toString("utf8").split("\n");
  return (["host", "ours"] as const).filter((lists) => names.includes(lists));
}

/** Installs. Services of packages are neither started nor left to start at boot unless the role has them. */
export async function install(
  work: HostWork,
  installation: Installation,
  units: readonly string[],
): Promise<void> {
  const { wanted, lists, fresh } = installation;
  const result = await work.attempt(
    `installs ${wanted.join(", ")}`,
    sh`mkdir -p -m 0755 ${[APT, `${APT}/cache/archives/partial`]}
printf '#!/bin/sh\\nexit 101\\n' >${`${POLICY}.rktnetes-new`}
chmod 0755 ${`${POLICY}.rktnetes-new`}
mv -fT ${`${POLICY}.rktnetes-new`} ${POLICY}
apt-get -q -y ${aptOptions(lists)} -o Dpkg::Options::=--force-confold --allow-downgrades --no-install-recommends install ${wanted} 9>&-`,
    { onOutput: aptProgress(work) },
  );
  if (result.code !== 0) {
    throw new Fault({
      what: `installing ${wanted.join(", ")} failed`,
      where: work.host,
      got: `exit code ${result.code}`,
      cause: aptSaid(result),
      remedy:
        "see what apt says on the host (apt-get -f install), then run again: an interrupted installation is mended first",
    });
  }
  await silenceServices(work, fresh, units);
}

/** Services that came with packages and that no unit of the role names do not start at the next boot. */
export async function silenceServices(
  work: HostWork,
  packages: readonly string[],
  units: readonly string[],
): Promise<void> {
  if (packages.length === 0) return;
  await work.step(
    "keeps services of packages from starting by themselves",
    sh`mine=" "; for unit in ${units}; do mine="$mine$unit "; done
dpkg -L ${packages} 2>/dev/null | grep -E '^(/usr)?/lib/systemd/system/[^/]+\\.(service|socket|timer)$' | while read -r path; do
  name=\${path##*/}
  case "$mine" in *" $name "*) continue;; esac
  if [ "$(systemctl is-enabled -- "$name" 2>/dev/null || :)" = enabled ]; then systemctl disable --quiet --no-reload -- "$name"; fi
done || :
systemctl daemon-reload`,
  );
}

/** Takes packages away, apart from those that something else on the host has come to need. */
export async function purge(work: HostWork, names: readonly string[]): Promise<void> {
  await mendInterrupted(work);
  let going = await installedOf(work, names);
  for (;;) {
    if (going.length === 0) return;
    const simulated = await work.step(
      "sees what purging would take along",
      aptScript("-s", "host", ["purge", ...going]),
    );
    const taken = removedOf(simulated);
    const others = taken.filter((name) => !going.includes(name));
    if (others.length === 0) break;
    const kept = await keptFor(work, going, others);
    work.log.warning(`${work.host}: keeps ${kept.join(", ")}, which ${others.join(", ")} has come to need`);
    going = going.filter((name) => !kept.includes(name));
  }
  const result = await work.attempt(
    `purges ${going.join(", ")}`,
    `${aptScript("-y", "host", ["purge", ...going])} 9>&-`,
    { onOutput: aptProgress(work) },
  );
  if (result.code !== 0)
    throw work.fault(`purging ${going.join(", ")}`, result, "apt-get -f install on the host, then run again");
}

/** Of packages that were dropped, these and what only they needed, within what is ours. */
export async function withUnneeded(
  work: HostWork,
  dropped: readonly string[],
  ours: readonly string[],
): Promise<string[]> {
  const going = await installedOf(work, dropped);
  if (going.length === 0) return [];
  const simulated = await work.step(
    "sees what is no longer needed",
    aptScript("-s", "host", ["purge", "--autoremove", ...going]),
  );
  return removedOf(simulated).filter((name) => ours.includes(name));
}

/** The command that removes what keeps services from starting; recorded in the ledger by its path. */
export const POLICY_PATH = POLICY;

async function keptFor(
  work: HostWork,
  going: readonly string[],
  others: readonly string[],
): Promise<string[]> {
  const kept: string[] = [];
  for (const name of going) {
    const simulated = await work.step(
      "sees what purging would take along",
      aptScript("-s", "host", ["purge", name]),
    );
    if (removedOf(simulated).some((taken) => others.includes(taken))) kept.push(name);
  }
  // Without progress the loop above would never end; then nothing can go.
  return kept.length === 0 ? [...going] : kept;
}

async function installedOf(work: HostWork, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const found = await work.step(
    "looks at packages",
    sh`dpkg-query -W -f '\${db:Status-Status} \${Package}\\n' ${names} 2>/dev/null || :`,
  );
  return found.stdout
    .toString("utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([status, name]) => (name !== undefined && status !== "not-installed" ? [name] : []));
}

/** A package manager that was killed in the middle must finish its work before it does any other. */
async function mendInterrupted(work: HostWork): Promise<void> {
  await work.step(
    "looks whether dpkg was interrupted",
    sh`if [ -z "$(dpkg --audit 2>&1)" ]; then exit 0; fi
for i in $(seq ${LOCK_SECONDS}); do
  if said=$(dpkg --force-confold --configure -a 9>&- 2>&1); then exit 0; fi
  case "$said" in *lock*) sleep 1;; *) break;; esac
done
apt-get -q -y ${aptOptions("host")} -o Dpkg::Options::=--force-confold -f install 9>&- >&2`,
    { remedy: "run `dpkg --configure -a` and `apt-get -f install` on the host, then run again" },
  );
}

function aptOptions(lists: Lists): string[] {
  const cache = `Dir::Cache=${APT}/cache/`;
  const options = [
    "-o",
    `DPkg::Lock::Timeout=${LOCK_SECONDS}`,
    "-o",
    "Acquire::Retries=3",
    "-o",
    "Acquire::Languages=none",
    "-o",
    cache,
  ];
  return lists === "host" ? options : [...options, "-o", `Dir::State::lists=${APT}/lists/`];
}

function aptScript(mode: "-s" | "-y", lists: Lists, command: readonly string[]): string {
  return sh`mkdir -p -m 0755 ${[APT, `${APT}/cache/archives/partial`]}; apt-get -q ${mode} ${aptOptions(lists)} ${command}`;
}

async function simulate(work: HostWork, wanted: readonly string[], lists: Lists): Promise<StepResult> {
  return work.attempt(
    `resolves ${wanted.join(", ")}`,
    aptScript("-s", lists, ["--no-install-recommends", "--allow-downgrades", "install", ...wanted]),
  );
}

/** Lines `Inst name (…)` are new, `Inst name [old version] (…)` are there already. */
export function freshOf(simulated: Pick<StepResult, "stdout">): string[] {
  return linesOf(simulated).flatMap((line) => /^Inst (\S+) \(/.exec(line)?.[1] ?? []);
}

/** Lines `Purg name [version]` and `Remv name [version]`. */
export function removedOf(simulated: Pick<StepResult, "stdout">): string[] {
  return [...new Set(linesOf(simulated).flatMap((line) => /^(?:Purg|Remv) (\S+)/.exec(line)?.[1] ?? []))];
}

function linesOf(result: Pick<StepResult, "stdout">): string[] {
  return result.stdout.toString("utf8").split("\n");
}

function aptSaid(result: StepResult): string {
  const errors = `${result.stdout.toString("utf8")}\n${result.stderr}`
    .split("\n")
    .filter((line) => /^(E|W|dpkg|Err)[: ]/.test(line));
  return tail(errors.length === 0 ? result.stderr : errors.join("\n"), 8);
}

function missingFault(
  work: HostWork,
  wanted: readonly string[],
  simulated: StepResult,
  fetched?: StepResult,
): Fault {
  const cause =
    fetched === undefined
      ? aptSaid(simulated)
      : `${aptSaid(simulated)}
fetching package lists: ${aptSaid(fetched)}`;
  return new Fault({
    what: "packages cannot be installed",
    where: work.host,
    got: wanted.join(", "),
    cause,
    remedy:
      "see that the names and versions exist for the host's Debian release (apt-cache policy NAME), and that /etc/apt/sources.list* names an archive that the host can reach",
  });
}

/** What apt is at, as a passing line. */
function aptProgress(work: HostWork): (chunk: string) => void {
  return (chunk) => {
    const line = chunk
      .split("\n")
      .reverse()
      .find((candidate) => /^(Get:|Unpacking|Setting up|Removing|Purging)/.test(candidate));
    if (line !== undefined) work.progress(line.replace(/\s*\.\.\.\s*$/, "").slice(0, 100));
  };
}
