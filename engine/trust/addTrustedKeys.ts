import type { Folders, Report } from "../context.ts";
import { Fault, messageOf } from "../../errors/fault.ts";
import { storeKey } from "./keyFiles.ts";
import { type KeyTransport, readKeyLocation } from "./keyLocations.ts";
import { readPublicKeys } from "./openpgp/publicKeys.ts";
import { judgeBeforeTrust } from "./openpgp/validity.ts";
import { parseKeyPrefix } from "./prefix.ts";
import { acceptsKey, type Ask, describeKey } from "./review.ts";

export interface TrustRequest {
  /** Files and URLs; where there are none, discovery is asked for the prefix's. */
  readonly locations: readonly string[];
  /** The images that the keys shall be trusted for; or `root`, for all. */
  readonly prefix?: string;
  readonly root?: boolean;
  readonly skipFingerprintReview?: boolean;
  /** `--trust-keys-from-https`: no review for what came by https. */
  readonly trustKeysFromHttps?: boolean;
  readonly insecureAllowHttp?: boolean;
  readonly skipTlsCheck?: boolean;
  /** Certificates of authorities, instead of the host's. */
  readonly authorities?: readonly string[] | undefined;
}

export interface TrustSurroundings {
  readonly folders: Pick<Folders, "local">;
  /** Talk, on standard error. */
  readonly report: Report;
  /** Results, on standard output. */
  readonly print: (line: string) => void;
  /** Undefined without a terminal: then nobody can review. */
  readonly ask: Ask | undefined;
  /** URLs of keys by meta discovery. */
  readonly discoverKeys: (prefix: string, transport: KeyTransport) => Promise<readonly string[]>;
}

/** What `rkt trust` does. Gives back the files that it wrote. */
export async function addTrustedKeys(
  request: TrustRequest,
  around: TrustSurroundings,
): Promise<readonly string[]> {
  const prefix = scopeOf(request);
  const transport: KeyTransport = {
    allowHttp: request.insecureAllowHttp === true,
    skipTlsCheck: request.skipTlsCheck === true,
    authorities: request.authorities,
  };
  const locations =
    request.locations.length > 0 ? request.locations : await discovered(prefix, transport, around);
  try {
    const written: string[] = [];
    for (const location of locations)
      written.push(...(await addFrom(location, prefix, request, transport, around)));
    return written;
  } catch (error) {
    throw prefaced("error adding keys", error);
  }
}

function scopeOf(request: TrustRequest): string | undefined {
  const { prefix, root } = request;
  const hasPrefix = prefix !== undefined && prefix !== "";
  if (hasPrefix && root === true) throw new Fault({ what: "--root and --prefix usage mutually exclusive" });
  if (hasPrefix) return parseKeyPrefix(prefix);
  if (root === true) return undefined;
  throw new Fault({ what: implicitRoot });
}

const implicitRoot = `aborting due to implicit unbounded trust (root domain)
Please provide a specific domain prefix to trust:
    rkt trust --prefix "example.com/foo" [PUBKEY]
    rkt trust --prefix "example.com/foo/*" [PUBKEY]
Otherwise, trust at the root domain (not recommended) must be explicitly requested:
    rkt trust --root PUBKEY`;

async function discovered(
  prefix: string | undefined,
  transport: KeyTransport,
  around: TrustSurroundings,
): Promise<readonly string[]> {
  if (prefix === undefined) throw new Fault({ what: "error determining key location: empty prefix" });
  try {
    const locations = await around.discoverKeys(prefix, transport);
    if (locations.length > 0) return locations;
  } catch (error) {
    throw prefaced("error determining key location", error);
  }
  throw new Fault({
    what: `error determining key location: meta discovery on ${prefix} resulted in no keys`,
  });
}

async function addFrom(
  location: string,
  prefix: string | undefined,
  request: TrustRequest,
  transport: KeyTransport,
  around: TrustSurroundings,
): Promise<readonly string[]> {
  const { report, print, folders } = around;
  const keys = await readPublicKeys(await readKeyLocation(location, transport), location);
  report.line(`pubkey: prefix: ${JSON.stringify(prefix ?? "")}\nkey: ${JSON.stringify(location)}`);
  for (const key of keys) {
    for (const line of describeKey(key)) print(line);
    for (const warning of await judgeBeforeTrust(key)) report.warn(warning);
  }

  const unreviewed =
    request.skipFingerprintReview === true ||
    (request.trustKeysFromHttps === true && location.toLowerCase().startsWith("https:"));
  if (!unreviewed && !(await reviewed(prefix, around))) {
    report.line(`pubkey: not trusting ${JSON.stringify(location)}`);
    return [];
  }
  const manner = unreviewed ? "without fingerprint review" : "after fingerprint review";
  print(`Trusting ${JSON.stringify(location)} for prefix ${JSON.stringify(prefix ?? "")} ${manner}.`);

  const written: string[] = [];
  for (const key of keys) {
    const file = await storeKey(key, prefix, folders.local);
    print(
      prefix === undefined
        ? `Added root key at ${JSON.stringify(file)}`
        : `Added key for prefix ${JSON.stringify(prefix)} at ${JSON.stringify(file)}`,
    );
    written.push(file);
  }
  return written;
}

async function reviewed(
  prefix: string | undefined,
  { ask, report, print }: TrustSurroundings,
): Promise<boolean> {
  if (ask === undefined) {
    const quoted = JSON.stringify(prefix ?? "");
    report.line(`pubkey: To trust the key for ${quoted}, do one of the following:`);
    report.line("pubkey:  - call rkt with --trust-keys-from-https");
    report.line(`pubkey:  - run: rkt trust --prefix ${quoted}`);
    throw new Fault({
      what: "error reviewing key: unable to ask user to review fingerprint due to lack of tty",
      remedy: "compare the fingerprint yourself, then use --skip-fingerprint-review",
    });
  }
  return acceptsKey(ask, print);
}

function prefaced(by: string, error: unknown): Fault {
  if (error instanceof Fault) return new Fault({ ...error.details, what: `${by}: ${error.details.what}` });
  return new Fault({ what: `${by}: ${messageOf(error)}`, cause: error });
}
