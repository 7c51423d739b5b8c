/** The appc image manifest of an OCI image, by docker2aci's rules: what `rkt image cat-manifest` shows of it. */
import { Fault } from "../../../errors/fault.ts";
import type {
  Annotation,
  App,
  EnvironmentVariable,
  ImageManifest,
  Label,
  MountPoint,
  Port,
} from "../../appc/imageManifest.ts";
import { acIdentifierFrom, acNameFrom } from "./acNames.ts";
import { appcArchitecture } from "./platform.ts";
import type { OciConfiguration } from "./documents.ts";

export interface OciImageToDescribe {
  readonly configuration: OciConfiguration;
  /** `registry/repository:tag` or `registry/repository@digest`, whole. */
  readonly repoTag: string;
  readonly manifestDigest: string;
  readonly configDigest: string;
}

export function imageManifestOf(image: OciImageToDescribe): ImageManifest {
  const { configuration } = image;
  const { registry, repository, tag } = partsOf(image.repoTag);
  const name = acIdentifierFrom(`${registry}/${repository}`);
  if (name === "") throw new Fault({ what: "the image has no name", got: image.repoTag });
  const config = configuration.config ?? {};
  const architecture = appcArchitecture(configuration.architecture, configuration.variant ?? undefined);
  const annotations: [string, string | null | undefined][] = [
    ["author", configuration.author],
    ["created", configuration.created],
    ["appc.io/docker/originalname", image.repoTag],
    ["appc.io/docker/registryurl", registry],
    ["appc.io/docker/repository", repository],
    ["appc.io/docker/tag", tag],
    ["appc.io/docker/imageid", image.configDigest],
    ["appc.io/docker/manifesthash", image.manifestDigest],
    ["appc.io/docker/entrypoint", jsonOf(config.Entrypoint)],
    ["appc.io/docker/cmd", jsonOf(config.Cmd)],
    ["appc.io/docker/stopsignal", config.StopSignal],
  ];
  const labels: [string, string | undefined][] = [
    ["version", tag],
    ["os", configuration.os],
    ["arch", architecture],
  ];
  return {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name,
    labels: filled(labels),
    app: appOf(config),
    dependencies: [],
    pathWhitelist: [],
    annotations: filled(annotations),
  };
}

function appOf(config: NonNullable<OciConfiguration["config"]>): App {
  const [user, group] = ownerOf(config.User ?? "");
  return {
    exec: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
    user,
    group,
    supplementaryGIDs: [],
    eventHandlers: [],
    ...(isSet(config.WorkingDir) && { workingDirectory: config.WorkingDir }),
    environment: environmentOf(config.Env ?? []),
    mountPoints: mountPointsOf(Object.keys(config.Volumes ?? {})),
    ports: portsOf(Object.keys(config.ExposedPorts ?? {})),
    isolators: [],
    userAnnotations: {},
    userLabels: config.Labels ?? {},
  };
}

/** Nobody is root; a user without a group gets root's, as docker2aci has it: the image's /etc/passwd is not read here. */
function ownerOf(user: string): [string, string] {
  const [name = "", group = ""] = user.split(":");
  return [name === "" ? "0" : name, group === "" ? "0" : group];
}

/** A variable that is set twice keeps its first place and its last value; what is no assignment is left out. */
function environmentOf(assignments: readonly string[]): EnvironmentVariable[] {
  const values = new Map<string, string>();
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    if (equals > 0) values.set(assignment.slice(0, equals), assignment.slice(equals + 1));
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

function mountPointsOf(paths: readonly string[]): MountPoint[] {
  const taken = new Set<string>();
  return paths
    .toSorted()
    .map((path) => {
      const wanted = acNameFrom(`volume/${path}`.replaceAll(/\/+/g, "/"));
      let name = wanted;
      for (let count = 1; taken.has(name); count += 1) name = `${wanted}-${count}`;
      taken.add(name);
      return { name, path, readOnly: false };
    })
    .toSorted((one, other) => byCode(one.name, other.name));
}

function portsOf(exposed: readonly string[]): Port[] {
  return exposed
    .map((text) => {
      const match = /^(\d{1,5})(?:\/([a-z]+))?$/i.exec(text);
      const port = Number(match?.[1] ?? Number.NaN);
      if (!(port >= 0 && port <= 65535)) {
        throw new Fault({
          what: "the image exposes what is no port",
          got: text,
          allowed: "a number up to 65535, with /tcp, /udp or /sctp if need be",
        });
      }
      const protocol = (match?.[2] ?? "tcp").toLowerCase();
      return { name: acNameFrom(text), protocol, port, count: 1, socketActivated: false };
    })
    .toSorted((one, other) => byCode(one.name, other.name));
}

function byCode(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function partsOf(repoTag: string): { registry: string; repository: string; tag?: string } {
  const whole = /^([^/]+)\/([^@]+?)(?::([^:/@]+))?(?:@.*)?$/.exec(repoTag);
  if (whole?.[1] === undefined || whole[2] === undefined) {
    throw new Fault({
      what: "the image's name is not whole",
      got: repoTag,
      allowed: "registry/repository:tag",
    });
  }
  const registry = whole[1] === "docker.io" ? "registry-1.docker.io" : whole[1];
  return { registry, repository: whole[2], ...(whole[3] !== undefined && { tag: whole[3] }) };
}

function jsonOf(words: readonly string[] | null | undefined): string | undefined {
  return words === null || words === undefined || words.length === 0 ? undefined : JSON.stringify(words);
}

function filled(pairs: readonly [string, string | null | undefined][]): (Label & Annotation)[] {
  return pairs.flatMap(([name, value]) => (isSet(value) ? [{ name, value }] : []));
}

function isSet(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== "";
}
