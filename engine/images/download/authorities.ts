import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { hasCode } from "../../../errors/diskFault.ts";

/** Where distributions keep the authorities that a host's administrator trusts. */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

/**
 * The authorities that this host trusts, not those that Node brings along: an administrator who takes one away or adds
 * one means every program. Undefined where the host keeps none, so that Node's serve.
 */
export function authoritiesOfHost(): readonly string[] | undefined {
  const named = process.env["SSL_CERT_FILE"];
  for (const path of named === undefined ? bundles : [named]) {
    try {
      return [readFileSync(path, "utf8"), ...getCACertificates("extra")];
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
  return undefined;
}
