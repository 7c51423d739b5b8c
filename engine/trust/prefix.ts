import { Fault } from "../../errors/fault.ts";

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
  if (text === "") throw new Fault({ what: "ACIdentifier cannot be empty" });
  if (/[^a-z0-9\-._~/]/.test(text)) {
    throw new Fault({
      what: 'ACIdentifier must contain only lower case alphanumeric characters plus "-._~/"',
      got: JSON.stringify(text),
    });
  }
  if (/^[-._~/]|[-._~/]$/.test(text)) {
    throw new Fault({
      what: "ACIdentifier must start and end with only lower case alphanumeric characters",
      got: JSON.stringify(text),
    });
  }
  if (text.split("/").some((component) => component === "" || component === "." || component === "..")) {
    throw new Fault({
      what: "ACIdentifier must not have empty or relative components",
      got: JSON.stringify(text),
    });
  }
  return text;
}
