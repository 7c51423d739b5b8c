/** What a `WWW-Authenticate` header asks for. */
export type Challenge =
  | { readonly scheme: "basic" }
  | {
      readonly scheme: "bearer";
      readonly realm: string;
      readonly service?: string;
      readonly scope?: string;
      /** `insufficient_scope`, `invalid_token`. */
      readonly error?: string;
    };

const parameter = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/;
const schemeName = /^([A-Za-z][A-Za-z0-9-]*)(?=\s|$|,)/;

/** The challenges of a header that can be met here; what is not understood is passed over. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header.trim();
  while (rest !== "") {
    const given = parameter.exec(rest);
    const last = found.at(-1);
    if (given !== null && last !== undefined) {
      const value = given[2]?.replaceAll(/\\(.)/g, "$1") ?? given[3] ?? "";
      last.parameters.set((given[1] ?? "").toLowerCase(), value);
      rest = rest.slice(given[0].length);
    } else {
      const scheme = schemeName.exec(rest)?.[1];
      if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
      rest = rest.slice(scheme?.length ?? 1);
    }
    rest = rest.replace(/^[\s,]+/, "");
  }
  return found.flatMap(({ scheme, parameters }) => challengeOf(scheme, parameters));
}

function challengeOf(scheme: string, parameters: ReadonlyMap<string, string>): Challenge[] {
  if (scheme === "basic") return [{ scheme }];
  const realm = parameters.get("realm");
  if (scheme !== "bearer" || realm === undefined) return [];
  const service = parameters.get("service");
  const scope = parameters.get("scope");
  const error = parameters.get("error");
  return [
    {
      scheme,
      realm,
      ...(service !== undefined && { service }),
      ...(scope !== undefined && { scope }),
      ...(error !== undefined && { error }),
    },
  ];
}
