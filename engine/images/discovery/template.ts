import type { NameReference } from "../reference.ts";

export interface AciEndpoint {
  readonly image: URL;
  readonly signature: URL;
}

/** Where appc says to look first. */
export const simpleTemplate = "https://{name}-{version}-{os}-{arch}.{ext}";

/** Undefined where a placeholder stays open, or no web address comes out. */
export function endpointOf(template: string, { name, labels }: NameReference): AciEndpoint | undefined {
  const values = new Map([["version", "latest"], ...labels, ["name", name]]);
  const fill = (extension: string): URL | undefined => {
    const text = template.replaceAll(/\{([^{}]*)\}/g, (whole, key: string) =>
      key === "ext" ? extension : (values.get(key) ?? whole),
    );
    if (/[{}]/.test(text)) return undefined;
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === "" ? url : undefined;
  };
  const image = fill("aci");
  const signature = fill("aci.asc");
  return image === undefined || signature === undefined ? undefined : { image, signature };
}
