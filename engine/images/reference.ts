/**
 * What a person types as an image, as what it means. No I/O here but one question, whether a file of that name is there:
 * rkt takes `name.aci` and even `name` for a file when there is one.
 */
import { resolve } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { acIdentifierMistake, imageIdMistake } from "../appc/names.ts";

export type ImageReference =
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: URL }
  | RegistryReference
  | LayoutReference
  | NameReference;

/** An image in a registry; every part that Docker would fill in is there. */
export interface RegistryReference {
  readonly kind: "registry";
  /** `docker.io`, `127.0.0.1:5000`, … */
  readonly registry: string;
  readonly repository: string;
  /** At least one of the two; where both are there, the digest decides. */
  readonly tag?: string;
  readonly digest?: string;
  /** Whether the person wrote neither tag nor digest. */
  readonly implicitTag: boolean;
}

/** An OCI image layout: a folder, or a tar archive of one. */
export interface LayoutReference {
  readonly kind: "layout";
  readonly path: string;
  readonly archive: boolean;
  /** `org.opencontainers.image.ref.name` of the image that is meant; a layout of one image needs none. */
  readonly image?: string;
}

/** The name of an ACI, which discovery turns into a place. */
export interface NameReference {
  readonly kind: "name";
  readonly name: string;
  /** `version` among them, if one was given. */
  readonly labels: ReadonlyMap<string, string>;
}

export interface Surroundings {
  readonly workingFolder: string;
  readonly isFile: (path: string) => boolean;
}

export function parseReference(text: string, around: Surroundings): ImageReference {
  if (text === "") throw invalid(text, "it is empty");
  if (/[\0-\x20\x7f]/.test(text)) throw invalid(text, "it has a space or a control character");
  if (text.startsWith("sha512-") && imageIdMistake(text) === undefined) return { kind: "id", id: text };
  const scheme = /^([a-z][a-z0-9-]*):/.exec(text)?.[1] ?? "";
  switch (scheme) {
    case "docker":
      return parseRegistryReference(text.replace(/^docker:(\/\/)?/, ""));
    case "oci":
    case "oci-archive":
      return layoutReference(text.slice(scheme.length + 1), scheme === "oci-archive", text, around);
    case "file":
    case "http":
    case "https":
      if (text.startsWith(`${scheme}:/`)) return archiveReference(text);
  }
  if (looksLikeFile(text, around)) return { kind: "file", path: resolve(around.workingFolder, text) };
  return parseName(text);
}

/** rkt's guess, in its order. */
function looksLikeFile(text: string, { workingFolder, isFile }: Surroundings): boolean {
  if (text.startsWith("/")) return true;
  if (isFile(resolve(workingFolder, text))) return true;
  if (text.includes(":")) return false;
  return text.includes("./") || text.endsWith(".aci");
}

function archiveReference(text: string): ImageReference {
  const url = URL.parse(text);
  if (url === null) throw invalid(text, "it is no URL");
  if (!url.pathname.endsWith(".aci")) throw invalid(text, "the path of an image's URL ends in .aci");
  if (url.username !== "" || url.password !== "") {
    // Not shown: it would print the password.
    throw new Fault({
      what: "an image's URL must not hold credentials, which everybody on this host could read",
      remedy: 'put them into a file of kind "auth" in auth.d of the configuration',
    });
  }
  if (url.protocol !== "file:") return { kind: "url", url };
  if (url.host !== "") throw invalid(text, "a file is on this host: file:///path/to/image.aci");
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    throw invalid(text, "its path is not encoded as a URL's");
  }
  return { kind: "file", path };
}

function layoutReference(
  rest: string,
  archive: boolean,
  text: string,
  { workingFolder }: Surroundings,
): LayoutReference {
  const [, path = "", image] = /^(?:\/\/(?=\/))?([^:]+)(?::(.+))?$/.exec(rest) ?? [];
  if (path === "") throw invalid(text, "it names no path: oci:/path/of/layout or oci:/path/of/layout:image");
  return {
    kind: "layout",
    path: resolve(workingFolder, path),
    archive,
    ...(image !== undefined && { image }),
  };
}

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const hostPattern =
  /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/** `[registry/]repository[:tag][@digest]`, with the parts left out that Docker fills in: `nginx`, `user/app:1`. */
export function parseRegistryReference(text: string): RegistryReference {
  const shown = `docker://${text}`;
  const allowed = "docker://[registry[:port]/]repository[:tag|@sha256:digest]";
  const refuse = (why: string): Fault => invalid(shown, why, allowed);
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw refuse("a digest is sha256: and 64 hex digits");
  }
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) throw refuse("its tag is none");
  const path = colon < 0 ? named : named.slice(0, colon);
  const slash = path.indexOf("/");
  const first = slash < 0 ? "" : path.slice(0, slash);
  const hasRegistry = /[.:A-Z[]/.test(first) || first === "localhost";
  const registry = hasRegistry ? canonicalRegistry(first) : "docker.io";
  const rest = hasRegistry ? path.slice(slash + 1) : path;
  const repository = registry === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  if (registry.length + repository.length > 255) throw refuse("it is longer than 255 characters");
  if (!hostPattern.test(registry)) throw refuse("its registry is none");
  if (!repositoryPattern.test(repository))
    throw refuse("a repository is lower case letters, digits and . _ - /");
  const implicitTag = tag === undefined && digest === undefined;
  return {
    kind: "registry",
    registry,
    repository,
    ...(implicitTag ? { tag: "latest" } : tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    implicitTag,
  };
}

const dockersOwn = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
]);

/** Docker's registry has several names; they are one, for credentials, policies and the store alike. */
export function canonicalRegistry(registry: string): string {
  const bare = registry
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "")
    .toLowerCase();
  return dockersOwn.has(bare) ? "docker.io" : bare;
}

/** `registry/repository:tag`, or `@digest` where there is no tag. */
export function repoTagOf({ registry, repository, tag, digest }: RegistryReference): string {
  if (tag !== undefined) return `${registry}/${repository}:${tag}`;
  return `${registry}/${repository}@${digest ?? ""}`;
}

/** The whole of it, as it can be typed. */
export function showRegistryReference({ registry, repository, tag, digest }: RegistryReference): string {
  const tagged = tag === undefined ? "" : `:${tag}`;
  return `docker://${registry}/${repository}${tagged}${digest === undefined ? "" : `@${digest}`}`;
}

/** `example.com/nginx:1.2,os=linux,arch=amd64`. */
export function parseName(text: string): NameReference {
  const [head = "", ...assignments] = text.split(",");
  const refuse = (why: string): Fault =>
    new Fault({ what: `invalid appc image string ${JSON.stringify(text)}: ${why}` });
  if (assignments.some((assignment) => assignment.includes(":")) && !head.includes(":")) {
    throw refuse("malformed app string - colon may appear only right after the app name");
  }
  if (text.split(":").length > 2) throw refuse("malformed app string - colon may appear at most once");
  const [name = "", version] = head.split(":");
  const labels = new Map<string, string>();
  if (version !== undefined) labels.set("version", unescaped(version, refuse));
  for (const assignment of assignments) {
    const [label = "", value, ...more] = assignment.split("=");
    if (value === undefined || more.length > 0) throw refuse(`malformed label ${JSON.stringify(assignment)}`);
    const mistake = acIdentifierMistake(label);
    if (mistake !== undefined) throw refuse(mistake);
    if (label === "name") throw refuse('no label may be called "name"');
    if (labels.has(label)) throw refuse(`label ${label} with multiple values`);
    labels.set(label, unescaped(value, refuse));
  }
  const mistake = acIdentifierMistake(name);
  if (mistake !== undefined) throw refuse(mistake);
  return { kind: "name", name, labels };
}

/** Labels are escaped as a URL's query is, so that they can hold a comma or a colon. */
function unescaped(value: string, refuse: (why: string) => Fault): string {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    throw refuse(`invalid URL escape in ${JSON.stringify(value)}`);
  }
}

/** As rkt writes a name in its messages: version first, then os, arch, and the others by name. */
export function showName({ name, labels }: NameReference): string {
  const rank = (label: string): string => `${["os", "arch"].indexOf(label) + 1 || 3}${label}`;
  const version = labels.get("version");
  const others = [...labels.keys()].filter((label) => label !== "version");
  const sorted = others.toSorted((one, other) => (rank(one) < rank(other) ? -1 : 1));
  const head = version === undefined ? name : `${name}:${version}`;
  return [head, ...sorted.map((label) => `${label}=${labels.get(label) ?? ""}`)].join(",");
}

function invalid(text: string, why: string, allowed?: string): Fault {
  return new Fault({
    what: `invalid image string ${JSON.stringify(text)}: ${why}`,
    ...(allowed !== undefined && { allowed }),
  });
}
