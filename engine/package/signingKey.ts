/** Who signs packages: the development key of this machine, or a key of the user's own. */
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import * as openpgp from "openpgp";

import { Fault } from "../../errors/fault.ts";
import { runTool } from "./tool.ts";

/** Signs a whole file; gives the armored detached signature. */
export interface Signer {
  readonly fingerprint: string;
  /** Armored. */
  readonly publicKey: string;
  readonly purpose: string;
  sign(bytes: Uint8Array): Promise<string>;
}

/**
 * RKTNETES_SIGNING_KEY names an armored private key's file, or the fingerprint of one that gpg holds. Without it, a
 * development key that is made on first use and stays in the cache.
 */
export async function chooseSigner(cacheRoot: string, environment: NodeJS.ProcessEnv): Promise<Signer> {
  const chosen = environment["RKTNETES_SIGNING_KEY"];
  if (chosen === undefined || chosen === "") return developmentSigner(join(cacheRoot, "engine"));
  const fingerprint = chosen.replaceAll(" ", "");
  if (/^[0-9a-fA-F]{40}$/.test(fingerprint)) return gpgSigner(fingerprint.toLowerCase());
  return fileSigner(chosen, environment["RKTNETES_SIGNING_PASSPHRASE"]);
}

/** Two runs at once may each make one; the first to put it in place wins, and both use that. */
async function developmentSigner(folder: string): Promise<Signer> {
  const file = join(folder, "development-signing-key.asc");
  let armored = await readFile(file, "utf8").catch(absent);
  if (armored === undefined) {
    await mkdir(folder, { recursive: true });
    const { privateKey } = await openpgp.generateKey({
      // What gpg of Debian 12 reads too.
      type: "ecc",
      curve: "ed25519Legacy",
      userIDs: [{ name: "Rktnetes development key of one machine", comment: "trust it nowhere else" }],
      format: "armored",
    });
    await writeFile(`${file}.${process.pid}`, privateKey, { mode: 0o600 });
    await rename(`${file}.${process.pid}`, file);
    armored = await readFile(file, "utf8");
  }
  await chmod(file, 0o600);
  return signerOf(await openpgp.readPrivateKey({ armoredKey: armored }), "development key of this machine");
}

async function fileSigner(file: string, passphrase: string | undefined): Promise<Signer> {
  const armored = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Fault({ what: "the signing key cannot be read", where: file, cause, remedy });
  });
  try {
    const key = await openpgp.readPrivateKey({ armoredKey: armored });
    const usable =
      key.isDecrypted() || passphrase === undefined
        ? key
        : await openpgp.decryptKey({ privateKey: key, passphrase });
    if (!usable.isDecrypted()) throw new Error("it is protected by a passphrase");
    return signerOf(usable, `key of ${file}`);
  } catch (cause) {
    throw new Fault({ what: "this signing key cannot be used", where: file, cause, remedy });
  }
}

const remedy =
  "set RKTNETES_SIGNING_KEY to the file of an armored private key (RKTNETES_SIGNING_PASSPHRASE opens it), to the fingerprint of a key in gpg's keyring, or to nothing for the development key";

function signerOf(key: openpgp.PrivateKey, purpose: string): Signer {
  return {
    fingerprint: key.getFingerprint(),
    publicKey: key.toPublic().armor(),
    purpose,
    async sign(bytes) {
      const message = await openpgp.createMessage({ binary: bytes });
      const signature: unknown = await openpgp.sign({
        message,
        signingKeys: key,
        detached: true,
        config: { preferredHashAlgorithm: openpgp.enums.hash.sha512 },
      });
      if (typeof signature !== "string") throw new Error("an armored signature is text");
      return signature;
    },
  };
}

async function gpgSigner(fingerprint: string): Promise<Signer> {
  const options = { remedy: `see that gpg has the secret key: gpg --list-secret-keys ${fingerprint}` };
  const publicKey = await runTool("gpg", ["--batch", "--armor", "--export", fingerprint], options);
  return {
    fingerprint,
    publicKey,
    purpose: "key in gpg's keyring",
    sign: (bytes) =>
      runTool(
        "gpg",
        ["--batch", "--armor", "--detach-sign", "--digest-algo", "SHA512", "--local-user", fingerprint],
        {
          ...options,
          input: bytes,
        },
      ),
  };
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
