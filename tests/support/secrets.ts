/** Finds secrets where they must not be: private keys, tokens and passwords in the clear, also in base64. */

/** Pulumi's mark of a secret in an exported state. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*([A-Za-z0-9+/=\s]+?)-----END/g;

export interface Needle {
  /** Says what would have leaked without saying it. */
  readonly what: string;
  readonly text: string;
}

/** What gives away each secret of a state exported with `--show-secrets`. */
export function needlesOf(state: unknown): readonly Needle[] {
  const needles = new Map<string, Needle>();
  for (const { path, value } of secretLeaves(state, "", false)) {
    for (const text of givingAway(value)) {
      if (!needles.has(text)) needles.set(text, { what: path, text });
    }
  }
  return [...needles.values()];
}

/** Secrets found in a text, by what they are; nothing of the secret itself. */
export function leaksIn(where: string, text: string, needles: readonly Needle[]): string[] {
  const found = needles.filter((needle) => text.includes(needle.text)).map(({ what }) => `${where}: ${what}`);
  return /BEGIN [A-Z ]*PRIVATE KEY/.test(text) ? [...found, `${where}: a private key's first line`] : found;
}

interface Leaf {
  readonly path: string;
  readonly value: string;
}

function secretLeaves(value: unknown, path: string, secret: boolean): Leaf[] {
  if (typeof value === "string") return secret ? [{ path, value }] : [];
  if (Array.isArray(value)) return value.flatMap((part, at) => secretLeaves(part, `${path}[${at}]`, secret));
  if (value === null || typeof value !== "object") return [];
  const plaintext: unknown = Reflect.get(value, "plaintext");
  if (Reflect.has(value, SECRET_MARK) && typeof plaintext === "string") {
    const inner: unknown = JSON.parse(plaintext);
    return secretLeaves(inner, path, true);
  }
  return Object.entries(value).flatMap(([key, part]) => secretLeaves(part, `${path}.${key}`, secret));
}

/** Public parts may travel inside a secret: only keys and tokens count. */
function givingAway(value: string): string[] {
  const keys = [...value.matchAll(PRIVATE_KEY)].map((match) => match[0]);
  const named = [...value.matchAll(/(?:key-data|token|auth|password|secret): *"?([A-Za-z0-9+/=._-]{24,})/g)];
  const bodies = keys.flatMap((key) => {
    const lines = key.split("\n").filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
    // Where keys end, and RSA's begin, is their public half: it may be seen. The middle is private in all of them.
    const middle = Math.floor(key.length / 6);
    const inBase64 = Buffer.from(key).toString("base64");
    return [
      ...lines.slice(Math.floor(lines.length / 2), lines.length - 1),
      inBase64.slice(middle * 4, middle * 4 + 60),
    ];
  });
  const alone = /^[A-Za-z0-9+/_-]{32,}={0,2}$/.test(value) && !isDigest(value) ? [value] : [];
  return [...bodies, ...named.map((match) => (match[1] ?? "").slice(0, 120)), ...alone];
}

/** A checksum of a secret file is kept secret too, but tells nobody anything: it may be on the host. */
function isDigest(value: string): boolean {
  return /^[0-9a-f]{64}$/.test(value);
}
