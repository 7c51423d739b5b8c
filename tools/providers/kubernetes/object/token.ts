/** Between the type tokens of @pulumi/kubernetes and the kinds of the API. */

export interface KindToken {
  readonly apiVersion: string;
  /** The API's kind: for a patch resource without the `Patch` at its end. */
  readonly kind: string;
}

/** Tokens of things that are no API objects; the offline provider has none of them. */
const REFUSED: Readonly<Record<string, string>> = {
  "helm.sh": "Helm charts and releases",
  yaml: "YAML files and groups",
  kustomize: "Kustomize directories",
};

/** Why a token is refused, or undefined when it names a kind of the API. */
export function refusalOf(token: string): string | undefined {
  const [, module = "", kind = ""] = token.split(":");
  const family = module.split("/", 1)[0] ?? "";
  const what = REFUSED[family];
  if (what !== undefined) {
    return (
      `the offline kubernetes provider has no ${what} (${token}): ` +
      "declare the objects one by one, or install the official Pulumi with its own kubernetes provider"
    );
  }
  if (kind.endsWith("List") && kind !== "List" && isBuiltIn(module)) {
    return `${token} is a list of objects, which cannot be created as such: declare the objects one by one`;
  }
  return undefined;
}

/** The kind a token names, before anything is known of the resource's inputs. */
export function kindOfToken(token: string): KindToken {
  const [, module = "", kind = ""] = token.split(":");
  return { apiVersion: module.startsWith("core/") ? module.slice("core/".length) : module, kind };
}

/** True for resources such as `NamespacePatch`, whose inputs carry the kind they patch. */
export function isPatchToken(token: string, kindInInputs: string | undefined): boolean {
  const { kind } = kindOfToken(token);
  return kind.endsWith("Patch") && kindInInputs !== undefined && kind === `${kindInInputs}Patch`;
}

export function withoutPatch(kind: KindToken): KindToken {
  return { ...kind, kind: kind.kind.replace(/Patch$/, "") };
}

function isBuiltIn(module: string): boolean {
  const group = module.split("/", 1)[0] ?? "";
  return !group.includes(".") || group.endsWith(".k8s.io");
}
