/** Self-made certificates for a control plane on the loopback address. */
import { generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface Identities {
  readonly authority: string;
  readonly server: Identity;
  readonly admin: Identity;
  readonly accountsKey: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 24 * 60 * 60 * 1000;

export async function makeIdentities(): Promise<Identities> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=test authority",
      keys,
      ...validity(),
      signingAlgorithm: ALGORITHM,
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    },
    webcrypto,
  );
  const issue = async (subject: string, extensions: x509.Extension[]): Promise<Identity> => {
    const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject,
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(),
        extensions,
      },
      webcrypto,
    );
    return { certificate: certificate.toString("pem"), key: await pem(own.privateKey) };
  };
  const accounts = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    authority: new X509Certificate(authority.toString("pem")).toString(),
    server: await issue("CN=kube-apiserver", [
      new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ]),
    admin: await issue("O=system:masters, CN=admin", [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ]),
    accountsKey: accounts.privateKey.export({ type: "sec1", format: "pem" }).toString(),
  };
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const exported = await webcrypto.subtle.exportKey("pkcs8", key);
  return x509.PemConverter.encode(exported, "PRIVATE KEY");
}
