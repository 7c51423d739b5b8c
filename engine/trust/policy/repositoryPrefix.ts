import { canonicalRegistry } from "../../images/reference.ts";
import { prefixCovers } from "../prefix.ts";
import type { ImagePolicy } from "./imagePolicy.ts";

/** The prefix of all repositories. Wherever another prefix covers a repository too, that one decides. */
export const everything = "*";

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const host = "[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?";
const pattern = new RegExp(`^(?:${host}|\\[[0-9a-f:.]+\\](?::[0-9]{1,5})?)(?:/${component})*$`);

export const allowedPrefix =
  'a registry, with a path or without: "registry.example.com/team", without a tag; or "*" for all';

/**
 * The prefix as repositories are written in full: without the slash at its end that some write, and with one name for
 * Docker's registry. Undefined where it is no prefix.
 */
export function parseRepositoryPrefix(text: string): string | undefined {
  const bare = text.endsWith("/") ? text.slice(0, -1) : text;
  if (bare === everything) return bare;
  const [registry = "", ...path] = bare.split("/");
  // A registry without a dot or a port could as well be a user of Docker's registry; which is meant, nobody can tell.
  const certain = registry === "localhost" || /[.:]/.test(registry);
  return certain && pattern.test(bare) ? [canonicalRegistry(registry), ...path].join("/") : undefined;
}

export interface Covering {
  readonly policy: ImagePolicy;
  readonly prefix: string;
}

/** The policy with the longest prefix that covers a repository. Prefixes are unique among the policies. */
export function policyFor(repository: string, policies: readonly ImagePolicy[]): Covering | undefined {
  const covering = policies.flatMap((policy) =>
    policy.prefixes
      .filter((prefix) => prefix === everything || prefixCovers(prefix, repository))
      .map((prefix) => ({ policy, prefix })),
  );
  const width = ({ prefix }: Covering): number => (prefix === everything ? 0 : prefix.length);
  return covering.toSorted((one, other) => width(other) - width(one))[0];
}
