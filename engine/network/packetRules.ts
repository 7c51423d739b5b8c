import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { namesIn } from "./chooseNetworks.ts";
import type { NetworkPlaces } from "./places.ts";
import { POD_VARIABLE } from "./plugin.ts";
import { run } from "./program.ts";

/**
 * Tables of packet rules that pods share. Each pod that uses one leaves a file under the table's name. Whoever adds
 * rules does so after its file is there, and whoever takes the table away looks for files while nobody can add: so a
 * table is there as long as somebody uses it, and no longer, whoever is killed in between.
 */
export async function useTable(
  places: NetworkPlaces,
  table: string,
  uuid: string,
  rules: string,
): Promise<void> {
  noteUse(join(places.runtime, "tables", table), uuid);
  await applyRules(places, uuid, rules);
}

/** Adds rules, or takes single ones away, while nobody takes a table away. */
export async function applyRules(places: NetworkPlaces, uuid: string, rules: string): Promise<void> {
  const ended = await run("flock", ["--shared", lockFile(places), "nft", "-f", "-"], {
    stdin: rules,
    env: { [POD_VARIABLE]: uuid },
  });
  if (ended.code !== 0) throw nftFault(ended.stderr);
}

/** Gives up a pod's use of a table; the last one to do so takes the table away. */
export async function leaveTables(places: NetworkPlaces, uuid: string): Promise<void> {
  const tables = join(places.runtime, "tables");
  for (const table of namesIn(tables)) {
    const users = join(tables, table);
    rmSync(join(users, uuid), { force: true });
    if (namesIn(users).length === 0) await removeUnused(places, [table]);
  }
}

/** Tables that nobody uses, for whoever should have taken them away was killed. */
export async function removeUnusedTables(places: NetworkPlaces): Promise<void> {
  const tables = join(places.runtime, "tables");
  const unused = namesIn(tables).filter((table) => namesIn(join(tables, table)).length === 0);
  if (unused.length > 0) await removeUnused(places, unused);
}

/** The family is the first part of a table's name: `ip.rkt.ports`, `inet.rkt.net.default`. */
const removal = `cd "$1" || exit 0
shift
for table; do
  family=\${table%%.*} name=\${table#*.}
  [ -d "$table" ] && [ -z "$(ls -A "$table")" ] || continue
  printf 'add table %s %s\\ndelete table %s %s\\n' "$family" "$name" "$family" "$name" | nft -f - || exit 1
  rmdir "$table" 2>/dev/null || true
done`;

async function removeUnused(places: NetworkPlaces, tables: readonly string[]): Promise<void> {
  const ended = await run("flock", [
    "--exclusive",
    lockFile(places),
    "sh",
    "-c",
    removal,
    "remove-unused-tables",
    join(places.runtime, "tables"),
    ...tables,
  ]);
  if (ended.code !== 0) throw nftFault(ended.stderr);
}

/** The folder goes with its last file, which may be just before the first of the next. */
function noteUse(users: string, uuid: string): void {
  for (;;) {
    mkdirSync(users, { recursive: true, mode: 0o755 });
    try {
      writeFileSync(join(users, uuid), "");
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
}

function lockFile(places: NetworkPlaces): string {
  return join(places.runtime, "lock");
}

function nftFault(stderr: string): Fault {
  if (/failed to execute nft|nft: not found/.test(stderr)) {
    return new Fault({
      what: 'failed to setup network: failed to locate nft: exec: "nft": executable file not found in $PATH',
      remedy: "install the package nftables, or join networks without ipMasq and ports",
    });
  }
  return new Fault({ what: "failed to setup network: nft refused the pod's rules", cause: stderr.trim() });
}
