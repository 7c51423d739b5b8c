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

/** Elements whose content is no markup although it may look like it. */
const opaque = new Set(["script", "style", "textarea", "title", "noscript", "template"]);
const attribute = /[\s/]*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>`=]+)))?/y;

/** One pass over the page and never back: whoever writes it may want to keep its readers busy. */
function metaTagsIn(page: string): ReadonlyMap<string, string>[] {
  // Letters of ASCII alone, which keep their places.
  const lower = page.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const found: ReadonlyMap<string, string>[] = [];
  for (let at = page.indexOf("<"); at >= 0; at = page.indexOf("<", at)) {
    if (page.startsWith("<!--", at)) {
      const end = page.indexOf("-->", at + 4);
      if (end < 0) break;
      at = end + 3;
      continue;
    }
    const name = /^[a-z]+(?=[\s/>])/.exec(lower.slice(at + 1, at + 16))?.[0] ?? "";
    at += 1 + name.length;
    if (opaque.has(name)) {
      const end = lower.indexOf(`</${name}`, at);
      if (end < 0) break;
      at = end;
    } else if (name === "meta") {
      const { attributes, end } = attributesFrom(page, at);
      found.push(attributes);
      at = end;
    }
  }
  return found;
}

function attributesFrom(
  page: string,
  start: number,
): { readonly attributes: ReadonlyMap<string, string>; readonly end: number } {
  const attributes = new Map<string, string>();
  let at = start;
  for (;;) {
    attribute.lastIndex = at;
    const match = attribute.exec(page);
    if (match === null) break;
    at = attribute.lastIndex;
    const [, name = "", quoted, single, bare] = match;
    const key = name.toLowerCase();
    // Of two attributes with one name, browsers take the first.
    if (!attributes.has(key)) attributes.set(key, withoutEntities(quoted ?? single ?? bare ?? ""));
  }
  return { attributes, end: at };
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
