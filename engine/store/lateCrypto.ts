/**
 * Hashes of small texts. Node's library for them takes a tenth of a start to load, and a pod of an image that is there
 * starts without: so it is loaded by whoever comes to need it.
 */
export function digest(algorithm: "sha256" | "sha512", text: string): string {
  return process.getBuiltinModule("node:crypto").createHash(algorithm).update(text, "latin1").digest("hex");
}
