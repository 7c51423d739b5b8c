import { Fault } from "../../errors/fault.ts";
import { acIdentifierMistake } from "../appc/names.ts";

/**
 * A prefix covers the names that equal it and those below it, by whole path components: `example.com/foo` covers
 * `example.com/foo/bar` but never `example.com/foobar`.
 */
export function prefixCovers(prefix: string, name: string): boolean {
  return name === prefix || name.startsWith(`${prefix}/`);
}

/** All prefixes that cover a name, the widest first. */
export function prefixesOf(name: string): readonly string[] {
  const components = name.split("/");
  return components.map((_, index) => components.slice(0, index + 1).join("/"));
}

/** The prefix as it is stored. `example.com/foo/*`, which rkt's own advice suggests, means `example.com/foo`. */
export function parseKeyPrefix(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1];
  if (scheme !== undefined) {
    throw new Fault({ what: `--prefix must not contain a URL scheme, omit ${scheme}://` });
  }
  return imageNameOf(text.endsWith("/*") ? text.slice(0, -2) : text);
}

/** Refuses what is no AC identifier, and with it whatever could leave the folder of keys (`..`, a leading slash). */
export function imageNameOf(text: string): string {
  const relative = text.split("/").some((component) => ["", ".", ".."].includes(component));
  const mistake =
    acIdentifierMistake(text) ??
    (relative ? "ACIdentifier must not have empty or relative components here" : undefined);
  if (mistake !== undefined) throw new Fault({ what: mistake, got: JSON.stringify(text) });
  return text;
}
