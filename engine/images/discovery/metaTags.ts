/** The `<meta>` tags of a page that speak of images. A page is whatever a web server sends; nothing in it is believed. */

export interface DiscoveryTag {
  readonly name: "ac-discovery" | "ac-discovery-pubkeys";
  /** Names of images that the tag is for begin so. */
  readonly prefix: string;
  /** A URL with `{name}` and the like in it. */
  readonly template: string;
}

export function discoveryTagsIn(page: string): DiscoveryTag[] {
  return metaTagsIn(page).flatMap((attributes) => {
    const name = attributes.get("name");
    if (name !== "ac-discovery" && name !== "ac-discovery-pubkeys") return [];
    const [prefix, ...rest] = (attributes.get("content") ?? "").trim().split(" ");
    const template = rest.join(" ").trim();
    return prefix === undefined || prefix === "" || template === "" ? [] : [{ name, prefix, template }];
  });
}

/** What is no markup although it may look like it. */
const notMarkup =
  /<!--[\s\S]*?(?:-->|$)|<(script|style|textarea|title|noscript|template)\b[\s\S]*?(?:<\/\1\s*>|$)/gi;
const metaTag = /<meta((?:\s|\/)(?:"[^"]*"|'[^']*'|[^"'>])*)>/gi;
const attribute = /([^\s"'<>/=]+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>`=]+)))?/g;

function metaTagsIn(page: string): ReadonlyMap<string, string>[] {
  return [...page.replaceAll(notMarkup, "").matchAll(metaTag)].map(([, inside = ""]) => {
    const found = new Map<string, string>();
    for (const [, name = "", quoted, single, bare] of inside.matchAll(attribute)) {
      const key = name.toLowerCase();
      // Of two attributes with one name, browsers take the first.
      if (!found.has(key)) found.set(key, withoutEntities(quoted ?? single ?? bare ?? ""));
    }
    return found;
  });
}

const entities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["#39", "'"],
  ["#34", '"'],
]);

function withoutEntities(text: string): string {
  return text.replaceAll(/&([a-z]+|#\d+);/g, (whole, name: string) => entities.get(name) ?? whole);
}
