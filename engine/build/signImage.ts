/** A detached signature over an image, as `rkt fetch` looks for it. */
import { spawn } from "node:child_process";
import { createReadStream, createWriteStream, readFileSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { diskFault } from "../../errors/diskFault.ts";
import { Fault, messageOf } from "../../errors/fault.ts";

export type SigningKey =
  /** One that gpg holds; its agent asks for what opens it. Without a name, gpg's own choice. */
  | { readonly from: "gpg"; readonly user: string | undefined }
  /** A file with a private key that nothing protects but its permissions. */
  | { readonly from: "file"; readonly path: string };

export async function signImage(
  image: string,
  signature: string,
  key: SigningKey,
  warn: (text: string) => void,
): Promise<void> {
  if (key.from === "gpg") await signByGpg(image, signature, key.user);
  else await signByFile(image, signature, key.path, warn);
}

/** gpg talks to the person at the terminal itself; no passphrase passes through here. */
function signByGpg(image: string, signature: string, user: string | undefined): Promise<void> {
  const whose = user === undefined ? [] : ["--local-user", user];
  const args = [
    "--yes",
    "--armor",
    "--digest-algo",
    "SHA512",
    ...whose,
    "--output",
    signature,
    "--detach-sign",
    "--",
    image,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn("gpg", args, { stdio: ["inherit", 2, 2] });
    child.on("error", (cause) => {
      reject(
        new Fault({
          what: "cannot start gpg, which is to sign the image",
          cause,
          remedy: "install gnupg, or sign with --sign-key=FILE",
        }),
      );
    });
    child.on("close", (code) => {
      if (code === 0) resolve();
      else {
        reject(
          new Fault({
            what: "gpg did not sign the image",
            got: `exit code ${code ?? "none"}`,
            remedy: `see that gpg has the secret key: gpg --list-secret-keys ${user ?? ""}`.trim(),
          }),
        );
      }
    });
  });
}

async function signByFile(
  image: string,
  signature: string,
  path: string,
  warn: (text: string) => void,
): Promise<void> {
  const openpgp = await import("openpgp");
  const key = await privateKeyIn(path, warn);
  try {
    const content = Readable.toWeb(createReadStream(image, { highWaterMark: 1 << 20 }));
    const message = await openpgp.createMessage({ binary: content });
    const armored: unknown = await openpgp.sign({
      message,
      signingKeys: key,
      detached: true,
      config: { preferredHashAlgorithm: openpgp.enums.hash.sha512 },
    });
    if (typeof armored === "string") {
      await pipeline(Readable.from([armored]), createWriteStream(signature, { flags: "wx", mode: 0o644 }));
    } else if (armored instanceof ReadableStream) {
      await pipeline(Readable.from(armored), createWriteStream(signature, { flags: "wx", mode: 0o644 }));
    } else throw new Error("a signature is text");
  } catch (cause) {
    throw new Fault({ what: "the image cannot be signed with this key", where: path, cause });
  }
}

async function privateKeyIn(
  path: string,
  warn: (text: string) => void,
): Promise<import("openpgp").PrivateKey> {
  const { readPrivateKey } = await import("openpgp");
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
    if ((statSync(path).mode & 0o077) !== 0) warn(`others than its owner may read the private key ${path}`);
  } catch (error) {
    throw diskFault(error);
  }
  const armored = bytes.toString("latin1").includes("-----BEGIN");
  let key: import("openpgp").PrivateKey;
  try {
    key = armored
      ? await readPrivateKey({ armoredKey: bytes.toString("utf8") })
      : await readPrivateKey({ binaryKey: bytes });
  } catch (cause) {
    throw new Fault({ what: "that is no private key of OpenPGP", where: path, got: messageOf(cause) });
  }
  if (key.isDecrypted()) return key;
  throw new Fault({
    what: "the private key is protected by a passphrase",
    where: path,
    remedy:
      "give it to gpg, whose agent asks for the passphrase, and sign with --sign=USER: gpg --import FILE",
  });
}
