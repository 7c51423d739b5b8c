/** Which host key is accepted. Keys are written as in `ssh-ed25519 AAAA…`, a comment after them is ignored. */
import { createHash } from "node:crypto";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { Fault } from "../../../errors/fault.ts";

/** The signature algorithms to offer for each type of key, so that the host shows a key that is pinned. */
const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** What is wrong with a pinned key, or undefined. */
export function hostKeyMistake(pinned: string): string | undefined {
  const [type, blob] = pinned.trim().split(/\s+/);
  if (type === undefined || blob === undefined) return 'not of the form "ssh-ed25519 AAAA…"';
  if (ALGORITHMS[type] === undefined)
    return `key type "${type}" is not one of ${Object.keys(ALGORITHMS).join(", ")}`;
  const bytes = Buffer.from(blob, "base64");
  if (bytes.length < 8 || typeOf(bytes) !== type) return `its data is not that of a ${type} key`;
  return undefined;
}

/** A key as it travels in the ssh handshake, as text. */
export function hostKeyText(blob: Buffer): string {
  return `${typeOf(blob)} ${blob.toString("base64")}`;
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(key: string): string {
  const [type, blob] = key.trim().split(/\s+/);
  const hash = createHash("sha256")
    .update(Buffer.from(blob ?? "", "base64"))
    .digest("base64");
  return `SHA256:${hash.replace(/=+$/, "")} (${type ?? "?"})`;
}

/** The algorithms for the handshake: those of the pinned keys, or all when nothing is pinned yet. */
export function hostKeyAlgorithms(pinned: readonly string[]): ServerHostKeyAlgorithm[] {
  const types =
    pinned.length === 0 ? Object.keys(ALGORITHMS) : pinned.map((key) => key.trim().split(/\s+/)[0] ?? "");
  return [...new Set(types)].flatMap((type) => ALGORITHMS[type] ?? []);
}

/** Throws for a key that the connection does not accept. */
export function assertAccepted(
  host: string,
  shown: string,
  connection: { readonly hostKeys: readonly string[]; readonly trustOnFirstUse: boolean },
): void {
  if (isPinned(shown, connection.hostKeys)) return;
  if (connection.hostKeys.length > 0) throw wrongHostKey(host, shown, connection.hostKeys);
  if (!connection.trustOnFirstUse) throw noHostKey(host, shown);
}

export function isPinned(shown: string, pinned: readonly string[]): boolean {
  return pinned.some((key) => {
    const [type, blob] = key.trim().split(/\s+/);
    return `${type ?? ""} ${blob ?? ""}` === shown;
  });
}

export function wrongHostKey(host: string, shown: string, pinned: readonly string[]): Fault {
  return new Fault({
    what: "the host's key is not the one that is pinned: nothing was sent to it",
    where: host,
    got: `${fingerprint(shown)}, ${shown}`,
    allowed: pinned.map(fingerprint).join(", "),
    remedy:
      "if the host was installed anew, put its new key into connection.hostKeys (cat /etc/ssh/ssh_host_*_key.pub on its console); otherwise somebody stands between you and it",
  });
}

export function noHostKey(host: string, shown: string): Fault {
  return new Fault({
    what: "no host key is pinned, so the host cannot be told from another",
    where: host,
    got: `${fingerprint(shown)}, ${shown}`,
    remedy:
      "compare it with the host's own (cat /etc/ssh/ssh_host_*_key.pub on its console) and put it into connection.hostKeys, or set connection.trustOnFirstUse",
  });
}

function typeOf(blob: Buffer): string {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  return blob.toString("latin1", 4, 4 + Math.min(length, 64));
}
