import assert from "node:assert/strict";
import {
  detailed,
  fieldChanges,
  withoutRespelled,
  type Sides,
} from "../../../../../tools/providers/kubernetes/diff/difference.ts";
import { immutableFields } from "../../../../../tools/providers/kubernetes/diff/immutable.ts";
import { UNKNOWN, type RevealedProperties } from "../../../../../provider/protocol/value.ts";

const identity = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" } };
const inputs = (spec: RevealedProperties): RevealedProperties => ({ ...identity, spec });
const sides = (given: Partial<Sides>): Sides => ({
  live: inputs({}),
  oldInputs: inputs({}),
  newInputs: inputs({}),
  imported: false,
  ...given,
});
const paths = (given: Partial<Sides>, ignore: readonly string[] = []): string[] =>
  Object.keys(detailed(fieldChanges(sides(given), ignore), sides(given), []));

describe("the difference between an object and the program", () => {
  it("is nothing when the cluster only added defaults", () => {
    const asked = inputs({ replicas: 2 });
    const live = { ...inputs({ replicas: 2, strategy: { type: "RollingUpdate" } }), status: { replicas: 2 } };
    assert.deepEqual(paths({ live, oldInputs: asked, newInputs: asked }), []);
  });

  it("names each changed field by its path", () => {
    const old = inputs({ containers: [{ image: "a" }], labels: { "app.kubernetes.io/name": "x" }, gone: 1 });
    const wanted = inputs({
      containers: [{ image: "b" }],
      labels: { "app.kubernetes.io/name": "y" },
      come: 1,
    });
    const changes = detailed(
      fieldChanges(sides({ live: old, oldInputs: old, newInputs: wanted }), []),
      sides({ oldInputs: old, newInputs: wanted }),
      [],
    );
    assert.deepEqual(changes, {
      "spec.containers[0].image": { kind: "update", inputDiff: true },
      'spec.labels["app.kubernetes.io/name"]': { kind: "update", inputDiff: true },
      "spec.gone": { kind: "delete", inputDiff: true },
      "spec.come": { kind: "add", inputDiff: true },
    });
  });

  it("tells drift from a changed program", () => {
    const asked = inputs({ replicas: 2 });
    const drifted = sides({ live: inputs({ replicas: 5 }), oldInputs: asked, newInputs: asked });
    assert.deepEqual(detailed(fieldChanges(drifted, []), drifted, []), {
      "spec.replicas": { kind: "update", inputDiff: false },
    });
  });

  it("is not the other way of writing a Secret's data", () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "login" } };
    const live = { ...secret, data: { password: "aHVudGVyMg==" } };
    const asked = { ...secret, stringData: { password: "hunter2" } };
    assert.deepEqual(paths({ live, oldInputs: asked, newInputs: asked }), []);
    const changed = { ...secret, stringData: { password: "hunter3" } };
    assert.deepEqual(paths({ live, oldInputs: asked, newInputs: changed }), ["stringData.password"]);
  });

  it("counts what is not known yet as changed", () => {
    const asked = inputs({ host: "a" });
    assert.deepEqual(paths({ live: asked, oldInputs: asked, newInputs: inputs({ host: UNKNOWN }) }), [
      "spec.host",
    ]);
  });

  it("leaves out what is to be ignored", () => {
    const asked = inputs({ replicas: 2, paused: true });
    const wanted = inputs({ replicas: 3, paused: false });
    assert.deepEqual(paths({ live: asked, oldInputs: asked, newInputs: wanted }, ["spec.replicas"]), [
      "spec.paused",
    ]);
  });

  it("is no difference of API version or of empty maps", () => {
    const asked = { ...inputs({}), apiVersion: "apps/v1" };
    const wanted = { ...inputs({ nodeSelector: {}, tolerations: [] }), apiVersion: "apps/v2" };
    assert.deepEqual(paths({ live: asked, oldInputs: asked, newInputs: wanted }), []);
  });

  it("of an import leaves alone what the program does not mention", () => {
    const live = inputs({ replicas: 2, paused: true });
    assert.deepEqual(
      paths({ live, oldInputs: live, newInputs: inputs({ replicas: 2 }), imported: true }),
      [],
    );
    assert.deepEqual(paths({ live, oldInputs: live, newInputs: inputs({ replicas: 3 }), imported: true }), [
      "spec.replicas",
    ]);
  });

  it("drops what the API server only spells differently, and keeps what the program changed", () => {
    const asked = inputs({ cpu: "1000m", replicas: 2 });
    const given = sides({
      live: inputs({ cpu: "1", replicas: 2 }),
      oldInputs: asked,
      newInputs: inputs({ cpu: "1000m", replicas: 3 }),
    });
    const kept = withoutRespelled(fieldChanges(given, []), given, inputs({ cpu: "1", replicas: 3 }));
    assert.deepEqual(kept, [{ path: ["spec", "replicas"], kind: "update" }]);
  });

  it("replaces the object when the field is immutable, or part of one, or holds one", () => {
    const fixed = immutableFields("apps/v1", "Deployment", false, { configMaps: false, secrets: false });
    const old = inputs({ selector: { matchLabels: { app: "a" } }, replicas: 1 });
    const wanted = inputs({ selector: { matchLabels: { app: "b" } }, replicas: 2 });
    const given = sides({ live: old, oldInputs: old, newInputs: wanted });
    assert.deepEqual(detailed(fieldChanges(given, []), given, fixed), {
      "spec.selector.matchLabels.app": { kind: "update-replace", inputDiff: true },
      "spec.replicas": { kind: "update", inputDiff: true },
    });
  });
});

describe("immutable fields", () => {
  const data = (kind: string, mutable: boolean, marked = false): boolean =>
    immutableFields("v1", kind, marked, { configMaps: mutable, secrets: mutable }).some(
      ([key]) => key === "data",
    );

  it("hold a ConfigMap's and a Secret's data unless the provider may change them in place", () => {
    assert.deepEqual([data("ConfigMap", false), data("Secret", false)], [true, true]);
    assert.deepEqual([data("ConfigMap", true), data("Secret", true)], [false, false]);
  });

  it("hold them in any case when the object is marked immutable", () => {
    assert.deepEqual([data("ConfigMap", true, true), data("Secret", true, true)], [true, true]);
  });
});
