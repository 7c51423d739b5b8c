/** Where the host layer keeps its own things on a host. */
import { createHash } from "node:crypto";

export const BASE = "/var/lib/rktnetes";
export const CLAIM_FILE = `${BASE}/claim.json`;
export const LEDGERS = `${BASE}/ledger`;
export const BLOBS = `${BASE}/blobs`;
/** Hashes of big files, each with the file's identity, size and times. */
export const HASHES = `${BASE}/hashes`;
/** Files of this size on are kept as blobs that share the installed file's bytes, and streamed one by one. */
export const BIG = 1024 * 1024;
export const BACKUPS = `${BASE}/backup`;
/** Package lists and archives of our own, so that the host's stay as they were. */
export const APT = `${BASE}/apt`;

export function ledgerFile(role: string): string {
  return `${LEDGERS}/${role}.json`;
}

/** Where a file that was there before us is kept. */
export function backupOf(path: string): string {
  return `${BACKUPS}/${createHash("sha256").update(path).digest("hex").slice(0, 32)}`;
}

/** Where a role's small files arrive, to be moved into their places at once. */
export function stagingOf(role: string): string {
  return `${BLOBS}/.new-${role}`;
}

/** A file's new version waits under this name beside it, to be renamed into its place. */
export function stagedName(path: string): string {
  const slash = path.lastIndexOf("/");
  return `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}.rktnetes-new`;
}

export function unitPath(unit: string): string {
  return `/etc/systemd/system/${unit}`;
}

export function sysctlFile(role: string): string {
  return `/etc/sysctl.d/90-rktnetes-${role}.conf`;
}

/** The directories above a path, outermost first, without the root. */
export function ancestorsOf(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.slice(0, -1).map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
