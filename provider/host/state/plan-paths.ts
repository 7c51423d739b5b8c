/** What to do about a role's directories and files, from what lies on the host and what the ledgers know of it. */
import { ancestorsOf } from "../layout.ts";
import { released, type DirectoryEntry, type Neighbours } from "./ledger.ts";
import type { DirectoryStep, PlanArguments } from "./plan.ts";
import type { FoundPath } from "./survey.ts";
import type { WantedFile } from "./wanted.ts";

export function planDirectories(args: PlanArguments, neighbours: Neighbours) {
  const { desired, files, survey, ledger } = args;
  const known = (path: string): DirectoryEntry | undefined =>
    ledger.directories[path] ?? neighbours.entry(path, (other) => other.directories);
  // Directories that had to be made only because something lies below them.
  const implied = new Set(
    [...Object.keys(desired.directories), ...files.keys()]
      .flatMap(ancestorsOf)
      .filter((path) => !Object.hasOwn(desired.directories, path))
      .filter((path) => !survey.paths.has(path) || known(path)?.created === true),
  );
  const wanted: Record<string, DirectoryStep & { readonly removeContents: boolean }> = {};
  for (const path of implied) {
    wanted[path] = { path, mode: "0755", owner: "root", group: "root", removeContents: false };
  }
  for (const [path, directory] of Object.entries(desired.directories)) wanted[path] = { path, ...directory };

  const entries: Record<string, DirectoryEntry> = {};
  const steps: DirectoryStep[] = [];
  for (const path of Object.keys(wanted).sort()) {
    const directory = wanted[path];
    if (directory === undefined) continue;
    const found = survey.paths.get(path);
    const entry: DirectoryEntry = known(path) ?? {
      created: found === undefined,
      ...(found === undefined
        ? {}
        : { before: { mode: found.mode, owner: found.owner, group: found.group, empty: found.empty } }),
      removeContents: false,
    };
    entries[path] = { ...entry, removeContents: directory.removeContents };
    const settled = found !== undefined && (implied.has(path) || isSettledDirectory(found, directory));
    if (!settled) steps.push({ path, mode: directory.mode, owner: directory.owner, group: directory.group });
  }
  const removed = released(ledger.directories, entries, (path) => neighbours.hold("directories", path))
    .sort((a, b) => (a.name < b.name ? 1 : -1))
    .map(({ name, entry }) => ({ path: name, entry }));
  return { entries, steps, removed };
}

/** A link to a directory is left to those who made it. */
function isSettledDirectory(found: FoundPath, wanted: DirectoryStep): boolean {
  if (found.type === "link") return true;
  return (
    found.type === "directory" &&
    found.mode === wanted.mode &&
    found.owner === wanted.owner &&
    found.group === wanted.group
  );
}

export function planFiles(args: PlanArguments, neighbours: Neighbours) {
  const { files, survey, ledger } = args;
  const entries: Record<string, { created: boolean }> = {};
  const steps: { path: string; wanted: WantedFile }[] = [];
  const backups: string[] = [];
  for (const [path, wanted] of files) {
    const known = ledger.files[path] ?? neighbours.entry(path, (other) => other.files);
    const found = survey.paths.get(path);
    if (known === undefined && found !== undefined) backups.push(path);
    entries[path] = known ?? { created: found === undefined };
    if (!isSettledFile(found, survey.hashes.get(path), wanted)) steps.push({ path, wanted });
  }
  const removed = released(ledger.files, entries, (path) => neighbours.hold("files", path)).map(
    ({ name, entry }) => ({ path: name, restore: !entry.created }),
  );
  return { entries, steps, backups, removed };
}

function isSettledFile(found: FoundPath | undefined, hash: string | undefined, wanted: WantedFile): boolean {
  if (found === undefined) return false;
  if (wanted.kind === "link") return found.type === "link" && found.target === wanted.target;
  return (
    found.type === "file" &&
    hash === wanted.sha256 &&
    found.mode === wanted.mode &&
    found.owner === wanted.owner &&
    found.group === wanted.group
  );
}
