/** What `--insecure-options` can switch off, each for itself. */
export const insecureOptionNames = [
  "none",
  "image",
  "tls",
  "ondisk",
  "http",
  "pubkey",
  "capabilities",
  "paths",
  "seccomp",
  "all-fetch",
  "all-run",
  "all",
] as const;

export type InsecureOptionName = (typeof insecureOptionNames)[number];

export interface InsecureOptions {
  /** Skip checking signatures of images. */
  readonly image: boolean;
  /** Accept any TLS certificate. */
  readonly tls: boolean;
  /** Skip checking the tree store against its hash before a pod runs. */
  readonly ondisk: boolean;
  /** Allow images over plain HTTP. */
  readonly http: boolean;
  /** Allow keys over plain HTTP. */
  readonly pubkey: boolean;
  /** Give apps all capabilities. */
  readonly capabilities: boolean;
  /** Leave kernel paths of /proc and /sys unprotected. */
  readonly paths: boolean;
  /** Run apps without a seccomp filter. */
  readonly seccomp: boolean;
}

export const nothingInsecure: InsecureOptions = {
  image: false,
  tls: false,
  ondisk: false,
  http: false,
  pubkey: false,
  capabilities: false,
  paths: false,
  seccomp: false,
};

const fetching: readonly (keyof InsecureOptions)[] = ["image", "tls", "http", "pubkey"];
const running: readonly (keyof InsecureOptions)[] = ["ondisk", "capabilities", "paths", "seccomp"];

/** What a list of names switches off. */
export function insecureOptionsOf(names: readonly InsecureOptionName[]): InsecureOptions {
  const off = new Set<keyof InsecureOptions>();
  for (const name of names) {
    if (name === "none") continue;
    if (name === "all" || name === "all-fetch") for (const each of fetching) off.add(each);
    if (name === "all" || name === "all-run") for (const each of running) off.add(each);
    if (name !== "all" && name !== "all-fetch" && name !== "all-run") off.add(name);
  }
  return {
    image: off.has("image"),
    tls: off.has("tls"),
    ondisk: off.has("ondisk"),
    http: off.has("http"),
    pubkey: off.has("pubkey"),
    capabilities: off.has("capabilities"),
    paths: off.has("paths"),
    seccomp: off.has("seccomp"),
  };
}
