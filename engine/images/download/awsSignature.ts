/** AWS signature version 4 for reading from S3: the key itself never travels. */
import { createHash, createHmac } from "node:crypto";

export interface AwsKey {
  readonly accessKeyID: string;
  readonly secretAccessKey: string;
  readonly awsRegion?: string;
}

export interface RequestToSign {
  readonly url: URL;
  readonly method: string;
  readonly at: Date;
}

const SERVICE = "s3";
const EMPTY = createHash("sha256").digest("hex");

export function signForAws({ url, method, at }: RequestToSign, key: AwsKey): Record<string, string> {
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const region = key.awsRegion ?? regionOf(url.hostname);
  const headers: Record<string, string> = {
    host: url.host,
    "x-amz-content-sha256": EMPTY,
    "x-amz-date": time,
  };
  const names = Object.keys(headers).toSorted();
  const canonical = [
    method,
    canonicalPath(url.pathname),
    canonicalQuery(url.searchParams),
    ...names.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    names.join(";"),
    EMPTY,
  ].join("\n");
  const scope = `${day}/${region}/${SERVICE}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")].join(
    "\n",
  );
  const secret = [day, region, SERVICE, "aws4_request"].reduce<string | Buffer>(
    (above, part) => createHmac("sha256", above).update(part).digest(),
    `AWS4${key.secretAccessKey}`,
  );
  const signature = createHmac("sha256", secret).update(toSign).digest("hex");
  return {
    "x-amz-content-sha256": EMPTY,
    "x-amz-date": time,
    authorization:
      `AWS4-HMAC-SHA256 Credential=${key.accessKeyID}/${scope}, SignedHeaders=${names.join(";")}, ` +
      `Signature=${signature}`,
  };
}

/** The region in a bucket's host name, and where there is none the one that everything began in. */
export function regionOf(hostname: string): string {
  const parts = hostname.toLowerCase().split(".");
  if (parts.length < 3 || parts.at(-2) !== "amazonaws") return "us-east-1";
  const before = parts.at(-3) ?? "";
  if (before.startsWith("s3-") && before !== "s3-external-1") return before.slice("s3-".length);
  if (parts.at(-4) === "s3") return before;
  return "us-east-1";
}

function canonicalPath(path: string): string {
  return path
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join("&");
}

/** encodeURIComponent leaves out some that AWS does not. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
