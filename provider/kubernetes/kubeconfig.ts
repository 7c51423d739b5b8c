/** Reads a kubeconfig, given as its text or as the path of a file, and picks the cluster and user meant. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { Fault } from "../../errors/fault.ts";
import type { ClusterAccess } from "./access.ts";
import { at, isObject, listAt, parseJson, textAt, type Json, type JsonObject } from "./json.ts";

export interface Choice {
  readonly context: string | undefined;
  readonly cluster: string | undefined;
}

export interface Kubeconfig {
  readonly config: JsonObject;
  /** Where relative paths in it start. */
  readonly folder: string;
  readonly source: string;
}

const TEXT_SOURCE = "kubeconfig";

/** Text, or a path; `~` stands for the home folder. */
export function loadKubeconfig(textOrPath: string): Kubeconfig {
  const path = pathIn(textOrPath);
  const source = path ?? TEXT_SOURCE;
  const text = path === undefined ? textOrPath : readFileSync(path, "utf8");
  return {
    config: parseText(text, source),
    folder: path === undefined ? process.cwd() : dirname(path),
    source,
  };
}

/** Where kubectl would look: $KUBECONFIG's first file that exists, else ~/.kube/config. */
export function ambientKubeconfig(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment["KUBECONFIG"]?.split(":").filter((path) => path !== "") ?? [];
  const candidates = named.length > 0 ? named : [join(homedir(), ".kube", "config")];
  return candidates.find((path) => existsSync(path));
}

export function accessOf(kubeconfig: Kubeconfig, choice: Choice): ClusterAccess {
  const { config, source } = kubeconfig;
  const contextName = choice.context ?? textAt(config, "current-context") ?? "";
  const context = at(
    entry(kubeconfig, "contexts", contextName, choice.context === undefined ? "current-context" : "context"),
    "context",
  );
  const cluster = at(
    entry(kubeconfig, "clusters", choice.cluster ?? textAt(context, "cluster") ?? "", "cluster"),
    "cluster",
  );
  const userName = textAt(context, "user");
  const user = userName === undefined ? {} : at(entry(kubeconfig, "users", userName, "user"), "user");
  refuseForeign(user, cluster, source);
  const username = textAt(user, "username");
  return {
    server: serverOf(cluster, source),
    authority: material(kubeconfig, cluster, "certificate-authority"),
    clientCertificate: material(kubeconfig, user, "client-certificate"),
    clientKey: material(kubeconfig, user, "client-key"),
    token: textAt(user, "token") ?? fileText(kubeconfig, textAt(user, "tokenFile"))?.trim(),
    basic: username === undefined ? undefined : { username, password: textAt(user, "password") ?? "" },
    serverName: textAt(cluster, "tls-server-name"),
    insecure: at(cluster, "insecure-skip-tls-verify") === true,
    namespace: textAt(context, "namespace"),
  };
}

/** The cluster's own settings, by which two kubeconfigs are found to mean the same cluster. */
export function activeCluster(kubeconfig: Kubeconfig, choice: Choice): Json | undefined {
  const { config } = kubeconfig;
  const context = named(config, "contexts", choice.context ?? textAt(config, "current-context") ?? "");
  const cluster = choice.cluster ?? textAt(context, "context", "cluster");
  return cluster === undefined ? undefined : at(named(config, "clusters", cluster), "cluster");
}

function pathIn(textOrPath: string): string | undefined {
  if (textOrPath.includes("\n") || textOrPath.trimStart().startsWith("{")) return undefined;
  const path = textOrPath.replace(/^~(?=$|\/)/, homedir());
  return existsSync(path) ? path : undefined;
}

function parseText(text: string, source: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = text.trimStart().startsWith("{") ? parseJson(text) : parse(text);
  } catch (cause) {
    // The parser quotes what it read, and what it read may be a key.
    const place =
      cause instanceof Error ? /at (line \d+, column \d+|position \d+)/.exec(cause.message)?.[1] : undefined;
    throw new Fault({
      what: "is neither YAML nor JSON",
      where: place === undefined ? source : `${source}, ${place}`,
      remedy: "give the path of a kubeconfig or the whole text of one",
    });
  }
  if (isObject(parsed) && Array.isArray(parsed["clusters"])) return parsed;
  throw new Fault({
    what: "is no kubeconfig",
    where: source,
    got:
      typeof parsed === "string" && !parsed.includes("\n") && parsed.length < 200
        ? parsed
        : "no list `clusters`",
    remedy: "give the path of an existing kubeconfig or the whole text of one",
  });
}

function named(config: JsonObject, list: string, name: string): Json | undefined {
  return listAt(config, list).find((item) => textAt(item, "name") === name);
}

function entry(kubeconfig: Kubeconfig, list: string, name: string, what: string): Json {
  const found = named(kubeconfig.config, list, name);
  if (found !== undefined) return found;
  const known = listAt(kubeconfig.config, list).map((item) => textAt(item, "name") ?? "?");
  throw new Fault({
    what: `there is no such ${what}`,
    where: `${kubeconfig.source}: ${list}`,
    got: name === "" ? "none named" : name,
    allowed: known.length === 0 ? "nothing: the list is empty" : known.join(", "),
  });
}

function serverOf(cluster: Json | undefined, source: string): URL {
  const server = textAt(cluster, "server") ?? "";
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url !== undefined && (url.protocol === "https:" || url.protocol === "http:")) return url;
  throw new Fault({
    what: "the server is no URL",
    where: `${source}: clusters[].cluster.server`,
    got: server === "" ? "nothing" : server,
    allowed: "https://HOST:PORT",
  });
}

/** Inline base64, or a file. */
function material(kubeconfig: Kubeconfig, owner: Json | undefined, key: string): string | undefined {
  const inline = textAt(owner, `${key}-data`);
  if (inline !== undefined && inline !== "") return Buffer.from(inline, "base64").toString("utf8");
  return fileText(kubeconfig, textAt(owner, key));
}

function fileText(kubeconfig: Kubeconfig, file: string | undefined): string | undefined {
  if (file === undefined || file === "") return undefined;
  const path = isAbsolute(file) ? file : join(kubeconfig.folder, file);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Fault({ what: "a file it names cannot be read", where: kubeconfig.source, got: path, cause });
  }
}

function refuseForeign(user: Json | undefined, cluster: Json | undefined, source: string): void {
  const foreign =
    ["exec", "auth-provider", "as"].find((key) => at(user, key) !== undefined) ??
    (at(cluster, "proxy-url") === undefined ? undefined : "proxy-url");
  if (foreign === undefined) return;
  throw new Fault({
    what: `the offline kubernetes provider does not do \`${foreign}\``,
    where: source,
    allowed: "client certificates, tokens, and names with passwords, without a proxy",
    remedy: "use another user of that cluster, or the official Pulumi with its own kubernetes provider",
  });
}
