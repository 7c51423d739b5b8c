/** Where a registry's images are really asked for. */
import { Fault } from "../../../errors/fault.ts";

export interface RegistryMirror {
  /**
   * `registry` or `registry/path…` of the images it is for, by whole components; `*` is for every registry. The longest
   * that fits counts alone; several entries with the same prefix are asked in their order.
   */
  readonly prefix: string;
  /**
   * What stands for the prefix: `[http://|https://]host[:port][/path]`. For `*` it stands for the registry's host alone.
   * Nothing else is asked: whoever wants the registry itself after its mirror lists it.
   */
  readonly location: string;
  /** May be spoken to in the clear, and with a certificate that nobody vouches for. */
  readonly insecure: boolean;
}

/** A place to ask for one repository. */
export interface RegistryEndpoint {
  readonly host: string;
  readonly repository: string;
  /** In the order in which they are tried. */
  readonly schemes: readonly ("https:" | "http:")[];
}

export interface RepositoryName {
  readonly registry: string;
  readonly repository: string;
}

/** `plainHttp` is `--insecure-options=http`, which every registry is subject to, those on loopback as well. */
export function endpointsFor(
  { registry, repository }: RepositoryName,
  mirrors: readonly RegistryMirror[],
  plainHttp: boolean,
): readonly RegistryEndpoint[] {
  const name = `${registry}/${repository}`;
  const fitting = mirrors.filter(({ prefix }) => covers(prefix, name));
  const longest = Math.max(...fitting.map(({ prefix }) => lengthOf(prefix)));
  const chosen = fitting.filter(({ prefix }) => lengthOf(prefix) === longest);
  if (chosen.length === 0) {
    const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
    return [{ host, repository, schemes: plainHttp ? ["https:", "http:"] : ["https:"] }];
  }
  return chosen.map((mirror) => endpointAt(mirror, name, repository, plainHttp));
}

function endpointAt(
  { prefix, location, insecure }: RegistryMirror,
  name: string,
  repository: string,
  plainHttp: boolean,
): RegistryEndpoint {
  const match = /^(?:(https?:)\/\/)?([^/?#@]+)(\/[^?#]*)?$/.exec(location);
  const host = match?.[2];
  if (match === null || host === undefined) {
    throw new Fault({
      what: "the location of a registry's mirror is none",
      where: `mirror of ${prefix}`,
      got: location,
      allowed: "[http://|https://]host[:port][/path]",
    });
  }
  const clear = insecure || plainHttp;
  if (match[1] === "http:" && !clear) {
    throw new Fault({
      what: "a registry's mirror that is spoken to in the clear must be marked insecure",
      where: `mirror of ${prefix}`,
      got: location,
    });
  }
  const rest = isEverything(prefix) ? repository : name.slice(prefix.length + 1);
  const path = [(match[3] ?? "").replaceAll(/^\/+|\/+$/g, ""), rest].filter((part) => part !== "").join("/");
  const given = match[1] === "http:" ? "http:" : match[1] === "https:" ? "https:" : undefined;
  return {
    host,
    repository: path,
    schemes: given !== undefined ? [given] : clear ? ["https:", "http:"] : ["https:"],
  };
}

function covers(prefix: string, name: string): boolean {
  return isEverything(prefix) || name === prefix || name.startsWith(`${prefix}/`);
}

function lengthOf(prefix: string): number {
  return isEverything(prefix) ? 0 : prefix.length;
}

function isEverything(prefix: string): boolean {
  return prefix === "*" || prefix === "";
}
