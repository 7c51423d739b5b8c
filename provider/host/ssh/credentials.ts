/** How the operator proves who they are: a key given as text, a key file, or an ssh agent. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import ssh2 from "ssh2";
import type { ConnectConfig } from "ssh2";
import { Fault } from "../../../errors/fault.ts";
import type { Connection } from "../connection.ts";

export type Credentials = Pick<ConnectConfig, "privateKey" | "passphrase" | "agent">;

export async function credentialsOf(host: string, connection: Connection): Promise<Credentials> {
  const credentials: { privateKey?: string; passphrase?: string; agent?: string } = {};
  if (connection.privateKey !== undefined) {
    Object.assign(
      credentials,
      usableKey(host, "connection.privateKey", connection.privateKey, connection.passphrase),
    );
  } else if (connection.keyFile !== undefined) {
    const text = await readKeyFile(host, connection.keyFile);
    Object.assign(credentials, usableKey(host, connection.keyFile, text, connection.passphrase));
  }
  const agent = connection.agent === "env" ? process.env["SSH_AUTH_SOCK"] : connection.agent;
  if (agent !== undefined) credentials.agent = agent;
  if (credentials.privateKey === undefined && credentials.agent === undefined) {
    throw new Fault({
      what:
        connection.agent === "env"
          ? "no ssh agent is running (SSH_AUTH_SOCK is not set)"
          : "there is no key to log in with",
      where: host,
      allowed: "connection.privateKey, connection.keyFile or connection.agent",
      remedy: "start an agent and add a key to it (ssh-add), or name a key in the connection",
    });
  }
  return credentials;
}

async function readKeyFile(host: string, path: string): Promise<string> {
  const full = path.startsWith("~/") ? `${homedir()}${path.slice(1)}` : path;
  try {
    return await readFile(full, "utf8");
  } catch (error) {
    throw new Fault({ what: "the key file cannot be read", where: `${host}: ${path}`, cause: error });
  }
}

/** The key in a form that the ssh library reads, checked now: a wrong passphrase is no reason to dial. */
function usableKey(host: string, where: string, text: string, passphrase: string | undefined): Credentials {
  const key = text.includes("-----BEGIN PRIVATE KEY") || text.includes("-----BEGIN ENCRYPTED PRIVATE KEY");
  const candidate = key ? fromPkcs8(host, where, text, passphrase) : { text: text.trimStart(), passphrase };
  const parsed = ssh2.utils.parseKey(candidate.text, candidate.passphrase);
  if (parsed instanceof Error) {
    const locked = /passphrase|decrypt|integrity|bad/i.test(parsed.message);
    throw new Fault({
      what:
        locked && passphrase === undefined
          ? "the private key is encrypted"
          : "the private key cannot be used",
      where: `${host}: ${where}`,
      cause: parsed,
      remedy: locked
        ? "set connection.passphrase to the key's passphrase, or let an ssh agent hold the key"
        : "give a private key in OpenSSH or PEM form (ssh-keygen -t ed25519)",
    });
  }
  return candidate.passphrase === undefined
    ? { privateKey: candidate.text }
    : { privateKey: candidate.text, passphrase: candidate.passphrase };
}

/** PKCS#8, which the ssh library does not read, as one of the forms that it does. */
function fromPkcs8(
  host: string,
  where: string,
  text: string,
  passphrase: string | undefined,
): { text: string; passphrase: undefined } {
  try {
    const key = createPrivateKey(passphrase === undefined ? text : { key: text, passphrase });
    return { text: readableText(key), passphrase: undefined };
  } catch (error) {
    throw new Fault({
      what: "the private key cannot be used",
      where: `${host}: ${where}`,
      cause: error,
      remedy: "if it is encrypted, set connection.passphrase",
    });
  }
}

function readableText(key: KeyObject): string {
  const type = key.asymmetricKeyType;
  if (type === "rsa") return key.export({ type: "pkcs1", format: "pem" }).toString();
  if (type === "ec") return key.export({ type: "sec1", format: "pem" }).toString();
  if (type !== "ed25519") throw new Error(`keys of type ${type ?? "unknown"} are not used by ssh`);
  const jwk = key.export({ format: "jwk" });
  return openSshEd25519(fromBase64Url(jwk.d), fromBase64Url(jwk.x));
}

function fromBase64Url(text: string | undefined): Buffer {
  return Buffer.from(text ?? "", "base64url");
}

/** The container format of PROTOCOL.key, unencrypted, for one Ed25519 key. */
function openSshEd25519(seed: Buffer, publicKey: Buffer): string {
  const string = (data: Buffer | string): Buffer => {
    const bytes = Buffer.from(data);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const publicPart = Buffer.concat([string("ssh-ed25519"), string(publicKey)]);
  const secret = Buffer.concat([
    number(0),
    number(0),
    publicPart,
    string(Buffer.concat([seed, publicKey])),
    string(""),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    number(1),
    string(publicPart),
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
}
