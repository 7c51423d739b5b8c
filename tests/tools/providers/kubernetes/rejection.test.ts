import assert from "node:assert/strict";
import { Refusal } from "../../../../provider/kubernetes/failure.ts";
import { adoptedFields, conflictsByHandOnly } from "../../../../tools/providers/kubernetes/ownership.ts";
import {
  alreadyExists,
  faultOf,
  immutableFieldsIn,
} from "../../../../tools/providers/kubernetes/rejection.ts";
import type { JsonObject } from "../../../../provider/kubernetes/json.ts";

const attempt = {
  reference: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "conf" },
  fieldManager: "pulumi-kubernetes-0a1b2c3d",
  secrets: ["hunter2"],
};
const refusal = (code: number, reason: string, message: string, causes: JsonObject[] = []): Refusal =>
  new Refusal(code, { code, reason, message, details: { causes } });
const conflict = (manager: string): JsonObject => ({
  reason: "FieldManagerConflict",
  message: `conflict with "${manager}" using v1`,
  field: ".data.mode",
});

describe("a refusal as the user reads it", () => {
  it("names object, field and manager of a conflict", () => {
    const text = faultOf(refusal(409, "Conflict", "Apply failed", [conflict("gardener")]), attempt).message;
    assert.match(text, /^ConfigMap shop\/conf: /);
    assert.match(text, /data\.mode is managed by gardener/);
    assert.match(text, /patchForce/);
  });

  it("names every invalid field", () => {
    const causes = [
      { reason: "FieldValueInvalid", message: "must be 1-65535", field: "spec.ports[0].port" },
      { reason: "FieldValueRequired", message: "is required", field: "spec.ports[1].name" },
    ];
    const text = faultOf(refusal(422, "Invalid", "it is invalid", causes), attempt).message;
    assert.match(text, /spec\.ports\[0\]\.port: must be 1-65535/);
    assert.match(text, /spec\.ports\[1\]\.name: is required/);
  });

  it("gives an admission rule's own words", () => {
    const text = faultOf(refusal(403, "Forbidden", 'admission webhook "x" denied it: no'), attempt).message;
    assert.match(text, /forbids it/);
    assert.match(text, /admission webhook "x" denied it: no/);
  });

  it("repeats no secret", () => {
    const text = faultOf(refusal(422, "Invalid", 'invalid value "hunter2"'), attempt).message;
    assert.ok(!text.includes("hunter2"));
    assert.match(text, /\[secret\]/);
  });

  it("tells who manages an object that exists already", () => {
    assert.match(alreadyExists(attempt, ["helm"]).message, /managed by helm/);
  });
});

describe("immutable fields in a refusal", () => {
  it("are those whose cause says so", () => {
    const causes = [
      { reason: "FieldValueInvalid", message: "Invalid value: field is immutable", field: "spec.selector" },
      { reason: "FieldValueRequired", message: "is required", field: "spec.name" },
    ];
    assert.deepEqual(immutableFieldsIn(refusal(422, "Invalid", "", causes)), ["spec.selector"]);
  });

  it("are none when nothing says so", () => {
    assert.equal(
      immutableFieldsIn(refusal(422, "Invalid", "", [{ message: "is required", field: "a" }])),
      undefined,
    );
    assert.equal(immutableFieldsIn(refusal(403, "Forbidden", "immutable")), undefined);
  });
});

describe("fields written by hand", () => {
  const entry = (manager: string, operation: string, field: string): JsonObject => ({
    manager,
    operation,
    apiVersion: "v1",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:data": { [`f:${field}`]: {} } },
  });
  const object = (...managedFields: JsonObject[]): JsonObject => ({ metadata: { managedFields } });

  it("pass to the provider, beside its own; those of controllers and appliers stay", () => {
    const controller = entry("kube-controller-manager", "Update", "c");
    const fields = adoptedFields(
      object(entry("ours", "Apply", "a"), entry("kubectl-edit", "Update", "b"), controller),
      "ours",
    );
    assert.deepEqual(fields, [
      { ...entry("ours", "Apply", "a"), fieldsV1: { "f:data": { "f:a": {}, "f:b": {} } } },
      controller,
    ]);
  });

  it("are none of a status", () => {
    assert.equal(
      adoptedFields(object({ ...entry("kubectl-edit", "Update", "a"), subresource: "status" }), "ours"),
      undefined,
    );
  });

  it("include what the official provider wrote when it created the object, not what it applies", () => {
    assert.notEqual(adoptedFields(object(entry("pulumi-kubernetes", "Update", "a")), "ours"), undefined);
    assert.equal(adoptedFields(object(entry("pulumi-kubernetes-1234abcd", "Apply", "a")), "ours"), undefined);
  });

  it("excuse a conflict only when it is with nobody else", () => {
    assert.ok(conflictsByHandOnly(refusal(409, "Conflict", "", [conflict("kubectl-edit")])));
    assert.ok(
      !conflictsByHandOnly(refusal(409, "Conflict", "", [conflict("kubectl-edit"), conflict("gardener")])),
    );
    assert.ok(!conflictsByHandOnly(refusal(409, "Conflict", "", [])));
  });
});
