/** The kinds of configuration files. Each reader adds to a draft, or says what is wrong in rkt's words. */
import type { BasicCredentials, DomainCredentials } from "./configuration.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the files of one folder say; within one folder nothing may be said twice. */
export class Draft {
  readonly auth = new Map<string, DomainCredentials>();
  readonly dockerAuth = new Map<string, BasicCredentials>();
  paths: { data?: string; stage1Images?: string } = {};
  stage1: { name?: string; version?: string; location?: string } = {};
}

export const kinds: Readonly<Record<string, (fields: Fields, draft: Draft) => string | undefined>> = {
  auth: readAuth,
  dockerAuth: readDockerAuth,
  paths: readPaths,
  stage1: readStage1,
};

function readAuth(fields: Fields, draft: Draft): string | undefined {
  const domains = textsIn(fields["domains"]);
  if (typeof domains === "string") return `domains: ${domains}`;
  if (domains.length === 0) return "no domains specified";
  const type = fields["type"];
  if (type === undefined || type === "") return "no auth type specified";
  const credentials = credentialsOf(type, fieldsIn(fields["credentials"]));
  if (typeof credentials === "string") return credentials;
  for (const domain of domains) {
    if (draft.auth.has(domain)) return `auth for domain ${JSON.stringify(domain)} is already specified`;
    draft.auth.set(domain, credentials);
  }
  return undefined;
}

function readDockerAuth(fields: Fields, draft: Draft): string | undefined {
  const registries = textsIn(fields["registries"]);
  if (typeof registries === "string") return `registries: ${registries}`;
  if (registries.length === 0) return "no registries specified";
  const credentials = basicCredentials(fieldsIn(fields["credentials"]));
  if (typeof credentials === "string") return credentials;
  for (const registry of registries) {
    if (draft.dockerAuth.has(registry)) {
      return `credentials for docker registry ${JSON.stringify(registry)} are already specified`;
    }
    draft.dockerAuth.set(registry, credentials);
  }
  return undefined;
}

function readPaths(fields: Fields, draft: Draft): string | undefined {
  const data = textOf(fields["data"]);
  if (data !== "") {
    if (draft.paths.data !== undefined) return "data directory is already specified";
    if (!data.startsWith("/")) return "data directory must be an absolute path";
    draft.paths.data = data;
  }
  const images = textOf(fields["stage1-images"]);
  if (images !== "") {
    if (draft.paths.stage1Images !== undefined) return "stage1 images directory is already specified";
    if (!images.startsWith("/")) return "stage1 images directory must be an absolute path";
    draft.paths.stage1Images = images;
  }
  return undefined;
}

function readStage1(fields: Fields, draft: Draft): string | undefined {
  const invalid = (what: string): string => `invalid stage1 configuration: ${what}`;
  const name = textOf(fields["name"]);
  const version = textOf(fields["version"]);
  const location = textOf(fields["location"]);
  if (name === "" && version !== "") {
    return invalid("default stage1 image version specified, but name is missing");
  }
  if (name !== "" && version === "") {
    return invalid("default stage1 image name specified, but version is missing");
  }
  const mistake = location === "" ? undefined : locationMistake(location);
  if (mistake !== undefined) return invalid(mistake);
  if (name !== "") {
    if (draft.stage1.name !== undefined) {
      return "name and version of a default stage1 image are already specified";
    }
    draft.stage1.name = name;
    draft.stage1.version = version;
  }
  if (location !== "") {
    if (draft.stage1.location !== undefined) return "location of a default stage1 image is already specified";
    draft.stage1.location = location;
  }
  return undefined;
}

const schemes = ["file", "http", "https", "docker"];

function locationMistake(location: string): string | undefined {
  if (location.startsWith("/")) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    return "default stage1 image location is either a relative path or a URL without scheme";
  }
  const allowed = schemes.map((each) => JSON.stringify(each)).join(", ");
  return schemes.includes(scheme)
    ? undefined
    : `default stage1 image location URL has invalid scheme ${JSON.stringify(scheme)}, allowed schemes are ${allowed}`;
}

function credentialsOf(type: unknown, fields: Fields | undefined): DomainCredentials | string {
  switch (type) {
    case "basic": {
      const basic = basicCredentials(fields);
      return typeof basic === "string" ? basic : { type, ...basic };
    }
    case "oauth": {
      const token = textOf(fields?.["token"]);
      return token === "" ? "no oauth bearer token specified" : { type, token };
    }
    case "aws": {
      const accessKeyID = textOf(fields?.["accessKeyID"]);
      const secretAccessKey = textOf(fields?.["secretAccessKey"]);
      const awsRegion = textOf(fields?.["awsRegion"]);
      if (accessKeyID === "") return "no AWS Access Key ID specified";
      if (secretAccessKey === "") return "no AWS Secret Access Key specified";
      return { type, accessKeyID, secretAccessKey, ...(awsRegion !== "" && { awsRegion }) };
    }
    default:
      return `unknown auth type: ${JSON.stringify(type)}`;
  }
}

function basicCredentials(fields: Fields | undefined): BasicCredentials | string {
  if (fields === undefined) return "no credentials";
  const user = textOf(fields["user"]);
  const password = textOf(fields["password"]);
  if (user === "") return "user not specified";
  if (password === "") return "password not specified";
  return { user, password };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsIn(value: unknown): readonly string[] | string {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return "must be a list of strings";
  return value.every((each): each is string => typeof each === "string")
    ? value
    : "must be a list of strings";
}

function fieldsIn(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
