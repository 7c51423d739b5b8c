/** The provider's own configuration: the arguments of `kubernetes.Provider`, and how a change of them counts. */
import type { Change, CheckFailure, Difference } from "../../../../provider/protocol/resource.ts";
import {
  reveal,
  sameValue,
  Unknown,
  type Properties,
  type Revealed,
  type Value,
} from "../../../../provider/protocol/value.ts";
import { messageOf } from "../../../../errors/fault.ts";
import { sameJson } from "../wait/same.ts";
import { activeCluster, loadKubeconfig, type Choice } from "../../../../provider/kubernetes/kubeconfig.ts";

export interface Settings {
  /** Text or path; undefined for the ambient one, "unknown" in a preview that comes before it. */
  readonly kubeconfig: string | undefined | Unknown;
  readonly choice: Choice;
  readonly namespace: string | undefined;
  readonly enablePatchForce: boolean;
  readonly enableConfigMapMutable: boolean;
  readonly enableSecretMutable: boolean;
  readonly deleteUnreachable: boolean;
  readonly upsertExistingObjects: boolean;
}

/** Arguments without which the official provider behaves as this one always does. */
const REFUSED: Readonly<Record<string, string>> = {
  renderYamlToDirectory: "rendering YAML instead of applying it",
  helmReleaseSettings: "Helm releases",
  skipUpdateUnreachable: "leaving objects out when the cluster is away",
};

export function parseSettings(config: Properties): Settings {
  const text = (key: string): string | undefined => {
    const value = reveal(config[key] ?? null);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    kubeconfig: kubeconfigOf(config["kubeconfig"]),
    choice: { context: text("context"), cluster: text("cluster") },
    namespace: text("namespace"),
    enablePatchForce: isOn(config["enablePatchForce"]),
    enableConfigMapMutable: isOn(config["enableConfigMapMutable"]),
    enableSecretMutable: isOn(config["enableSecretMutable"]),
    deleteUnreachable: isOn(config["deleteUnreachable"]),
    upsertExistingObjects: isOn(config["upsertExistingObjects"]),
  };
}

export function settingsFailures(config: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const [property, what] of Object.entries(REFUSED)) {
    const value = reveal(config[property] ?? null);
    if (value === null || value === "" || value === "false" || value === false) continue;
    failures.push({ property, reason: `the offline kubernetes provider has no ${what}; leave it out` });
  }
  if (reveal(config["enableServerSideApply"] ?? null) === "false") {
    failures.push({
      property: "enableServerSideApply",
      reason: "the offline kubernetes provider always uses server-side apply; leave it out or set it to true",
    });
  }
  const kubeconfig = kubeconfigOf(config["kubeconfig"]);
  if (typeof kubeconfig === "string") {
    try {
      loadKubeconfig(kubeconfig);
    } catch (error) {
      failures.push({ property: "kubeconfig", reason: messageOf(error) });
    }
  }
  return failures;
}

/**
 * Replacing the provider replaces every object it made, so it happens only for another cluster. Whether that
 * is so, `clusterIdentifier` decides when it is set; else the cluster named in the kubeconfig.
 */
export function settingsDifference(olds: Properties, news: Properties): Difference {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => key !== "version");
  const changed = keys.filter((key) => !sameValue(olds[key] ?? null, news[key] ?? null));
  const replacing = new Set(replacingKeys(olds, news, changed));
  const changes = changed.map((key): [string, Change] => [
    key,
    { kind: replacing.has(key) ? "update-replace" : "update" },
  ]);
  return { changes: Object.fromEntries(changes) };
}

function replacingKeys(olds: Properties, news: Properties, changed: readonly string[]): readonly string[] {
  const before = olds["clusterIdentifier"] ?? null;
  const now = news["clusterIdentifier"] ?? null;
  if (before !== null && now !== null) {
    return changed.includes("clusterIdentifier") ? ["clusterIdentifier"] : [];
  }
  const naming = changed.filter((key) => ["kubeconfig", "context", "cluster"].includes(key));
  const unknown = naming.filter((key) => reveal(news[key] ?? null) instanceof Unknown);
  if (unknown.length > 0) return unknown;
  const [oldCluster, newCluster] = [clusterOf(olds), clusterOf(news)];
  if (oldCluster === undefined || newCluster === undefined) return [];
  return sameJson(oldCluster, newCluster) ? [] : naming;
}

function clusterOf(config: Properties): ReturnType<typeof activeCluster> {
  const { kubeconfig, choice } = parseSettings(config);
  if (typeof kubeconfig !== "string") return undefined;
  try {
    return activeCluster(loadKubeconfig(kubeconfig), choice);
  } catch {
    // A file that is gone tells nothing about which cluster it meant.
    return undefined;
  }
}

function kubeconfigOf(value: Value | undefined): string | undefined | Unknown {
  const revealed: Revealed = reveal(value ?? null);
  if (revealed instanceof Unknown) return revealed;
  if (typeof revealed === "string") return revealed === "" ? undefined : revealed;
  return revealed === null ? undefined : JSON.stringify(revealed);
}

/** The SDK sends every argument that is no string as its JSON. */
function isOn(value: Value | undefined): boolean {
  const revealed = reveal(value ?? null);
  return revealed === true || revealed === "true";
}
