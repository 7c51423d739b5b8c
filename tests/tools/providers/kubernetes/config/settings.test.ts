import assert from "node:assert/strict";
import { Secret, UNKNOWN, type Properties } from "../../../../../provider/protocol/value.ts";
import {
  parseSettings,
  settingsDifference,
  settingsFailures,
} from "../../../../../tools/providers/kubernetes/config/settings.ts";

const configText = (server: string): string =>
  JSON.stringify({
    "current-context": "a",
    clusters: [{ name: "a", cluster: { server } }],
    contexts: [{ name: "a", context: { cluster: "a" } }],
  });
const kubeconfig = (server: string): Secret => new Secret(configText(server));
const kinds = (olds: Properties, news: Properties): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settingsDifference(olds, news).changes).map(([key, change]) => [key, change.kind]),
  );

describe("the kubernetes provider's settings", () => {
  it("understand what the SDK sends as JSON", () => {
    const settings = parseSettings({
      enablePatchForce: "true",
      enableConfigMapMutable: "false",
      namespace: "shop",
    });
    assert.deepEqual(
      [settings.enablePatchForce, settings.enableConfigMapMutable, settings.namespace],
      [true, false, "shop"],
    );
  });

  it("refuse what the offline provider cannot do, by name", () => {
    const failures = settingsFailures({ renderYamlToDirectory: "out", enableServerSideApply: "false" });
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "enableServerSideApply",
      "renderYamlToDirectory",
    ]);
    assert.deepEqual(settingsFailures({ skipUpdateUnreachable: "false", enableServerSideApply: "true" }), []);
  });

  it("refuse a kubeconfig that is none, before anything is made", () => {
    assert.equal(settingsFailures({ kubeconfig: "nonsense" })[0]?.property, "kubeconfig");
    assert.deepEqual(settingsFailures({ kubeconfig: UNKNOWN }), []);
  });

  it("replace nothing while clusterIdentifier stays, whatever happens to the kubeconfig", () => {
    const olds = { clusterIdentifier: "x", kubeconfig: kubeconfig("https://192.0.2.1") };
    assert.deepEqual(kinds(olds, { ...olds, kubeconfig: kubeconfig("https://192.0.2.2") }), {
      kubeconfig: "update",
    });
    assert.deepEqual(kinds(olds, { ...olds, kubeconfig: UNKNOWN }), { kubeconfig: "update" });
  });

  it("replace everything when clusterIdentifier changes, not when it is added", () => {
    assert.deepEqual(kinds({ clusterIdentifier: "x" }, { clusterIdentifier: "y" }), {
      clusterIdentifier: "update-replace",
    });
    assert.deepEqual(kinds({}, { clusterIdentifier: "y" }), { clusterIdentifier: "update" });
  });

  it("go by the cluster in the kubeconfig without an identifier", () => {
    const olds = { kubeconfig: kubeconfig("https://192.0.2.1") };
    assert.deepEqual(kinds(olds, { kubeconfig: kubeconfig("https://192.0.2.2") }), {
      kubeconfig: "update-replace",
    });
    assert.deepEqual(kinds(olds, { kubeconfig: UNKNOWN }), { kubeconfig: "update-replace" });
    const respelled = { kubeconfig: new Secret(`${configText("https://192.0.2.1")} `) };
    assert.deepEqual(kinds(olds, respelled), { kubeconfig: "update" });
  });
});
