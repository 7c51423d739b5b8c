/** The `connection` of a remote command, read and checked. */
import { Fault } from "../../../errors/fault.ts";
import type { Properties } from "../../../provider/protocol/value.ts";

export interface RemoteConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly privateKey: string | undefined;
  readonly passphrase: string | undefined;
  readonly agent: string | undefined;
  /** The public key the host must show; any when undefined. */
  readonly hostKey: Buffer | undefined;
  /** Failed attempts before giving up; endless below zero. */
  readonly dialErrorLimit: number;
  readonly perDialTimeoutSeconds: number;
}

export function parseConnection(connection: Properties | undefined): RemoteConnection {
  if (connection === undefined) throw new Fault({ what: "is missing", where: "connection" });
  if (connection["proxy"] !== undefined && connection["proxy"] !== null) {
    throw new Fault({
      what: "the offline command provider knows no proxy",
      where: "connection.proxy",
      remedy: "reach the host directly, or install the official Pulumi with its own command provider",
    });
  }
  const text = (key: string): string | undefined => {
    const value = connection[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const number = (key: string, otherwise: number): number => {
    const value = connection[key];
    return typeof value === "number" ? value : otherwise;
  };
  const host = text("host");
  if (host === undefined) throw new Fault({ what: "is missing", where: "connection.host" });
  return {
    host,
    port: number("port", 22),
    user: text("user") ?? "root",
    password: text("password"),
    privateKey: text("privateKey"),
    passphrase: text("privateKeyPassword"),
    agent: text("agentSocketPath") ?? process.env["SSH_AUTH_SOCK"],
    hostKey: hostKeyOf(text("hostKey")),
    dialErrorLimit: number("dialErrorLimit", 10),
    perDialTimeoutSeconds: number("perDialTimeout", 15),
  };
}

/** As in authorized_keys: type, base64, comment. */
function hostKeyOf(line: string | undefined): Buffer | undefined {
  if (line === undefined) return undefined;
  const [type, encoded] = line.trim().split(/\s+/);
  if (type !== undefined && encoded !== undefined) return Buffer.from(encoded, "base64");
  throw new Fault({
    what: "is no public key",
    where: "connection.hostKey",
    allowed: "a line as in authorized_keys, for example `ssh-ed25519 AAAA…`",
  });
}
