import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../errors/diskFault.ts";
import { replaceFileSync } from "../wholeFiles.ts";

const KEY_BYTES = 64;

/** Signs what pods say, so that other pods of this host can see who said it. */
export class Identities {
  readonly #key: Buffer;

  /** The key is made once in a boot: what was signed before a restart of the service stays good. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, "hmac-key");
    const kept = read(file);
    this.#key = kept?.length === KEY_BYTES ? kept : randomBytes(KEY_BYTES);
    if (this.#key !== kept) replaceFileSync(file, this.#key, { mode: 0o600 });
  }

  sign(uuid: string, content: Buffer): Buffer {
    return createHmac("sha512", this.#key)
      .update(Buffer.from(uuid.replaceAll("-", ""), "hex"))
      .update(content)
      .digest();
  }

  verify(uuid: string, content: Buffer, signature: Buffer): boolean {
    const right = this.sign(uuid, content);
    return signature.length === right.length && timingSafeEqual(signature, right);
  }
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
