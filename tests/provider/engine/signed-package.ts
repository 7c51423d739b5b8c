/** Small packages with real signatures, and everything that can be wrong with either. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as openpgp from "openpgp";

import { writeDeb } from "../../../engine/package/debArchive.ts";
import { textFile } from "../../../engine/package/packedFile.ts";
import type { CandidatePackage } from "../../../provider/engine/verification.ts";

export interface Key {
  readonly fingerprint: string;
  readonly privateKey: openpgp.PrivateKey;
  readonly revocation: string;
}

export async function newKey(
  options: { readonly date?: Date; readonly seconds?: number } = {},
): Promise<Key> {
  const { privateKey, revocationCertificate } = await openpgp.generateKey({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: [{ name: "Stand-in" }],
    format: "object",
    ...(options.date === undefined ? {} : { date: options.date }),
    ...(options.seconds === undefined ? {} : { keyExpirationTime: options.seconds }),
  });
  return { fingerprint: privateKey.getFingerprint(), privateKey, revocation: revocationCertificate };
}

export class PackageFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "rktnetes-package-"));
  readonly deb = join(this.folder, "engine.deb");
  readonly signature = join(this.folder, "engine.deb.asc");
  readonly key = join(this.folder, "key.asc");

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  async pack(control: Readonly<Record<string, string>> = {}): Promise<void> {
    const fields = { Package: "rktnetes-engine", Version: "0.1.0+1", Architecture: "amd64", ...control };
    await writeDeb(this.deb, {
      files: [textFile("/usr/bin/rkt", "#!/bin/sh\necho stand-in\n", 0o755)],
      control: {
        control: Object.entries(fields)
          .map(([name, value]) => `${name}: ${value}\n`)
          .join(""),
      },
      time: 1_700_000_000,
    });
  }

  /** By gpg, which signs over whatever digest it is told to. */
  signOver(digest: string, { privateKey }: Key): void {
    const home = join(this.folder, "gnupg");
    mkdirSync(home, { mode: 0o700 });
    const gpg = (...words: readonly string[]): void => {
      execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--yes", ...words], {
        input: privateKey.armor(),
        stdio: ["pipe", "ignore", "ignore"],
      });
    };
    try {
      gpg("--import");
      gpg("--digest-algo", digest, "--armor", "--output", this.signature, "--detach-sign", this.deb);
    } finally {
      execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
    }
    writeFileSync(this.key, privateKey.toPublic().armor());
  }

  async sign({ privateKey }: Key, options: { readonly date?: Date } = {}): Promise<void> {
    const message = await openpgp.createMessage({ binary: readFileSync(this.deb) });
    const signature: unknown = await openpgp.sign({
      message,
      signingKeys: privateKey,
      detached: true,
      ...(options.date === undefined ? {} : { date: options.date }),
    });
    writeFileSync(this.signature, String(signature));
    writeFileSync(this.key, privateKey.toPublic().armor());
  }

  /** As a person would name it, the key's fingerprint pinned. */
  candidate({ fingerprint }: Key, rest: Partial<CandidatePackage> = {}): CandidatePackage {
    return {
      path: this.deb,
      signature: this.signature,
      key: this.key,
      fingerprint,
      architecture: "amd64",
      historical: false,
      ...rest,
    };
  }

  sha256(): string {
    return createHash("sha256").update(readFileSync(this.deb)).digest("hex");
  }
}
