/** `rktnetes:cluster:Identity`: a random name that a cluster gets once and keeps. */
import { randomUUID } from "node:crypto";
import type { ResourceKind } from "../protocol/resource.ts";
import { sameValue, UNKNOWN } from "../protocol/value.ts";

export const clusterIdentity: ResourceKind = {
  token: "rktnetes:cluster:Identity",

  check(news) {
    return Promise.resolve({ inputs: { cluster: news["cluster"] ?? null } });
  },

  diff({ oldInputs, news }) {
    const same = sameValue(oldInputs["cluster"] ?? null, news["cluster"] ?? null);
    return Promise.resolve({ changes: same ? {} : { cluster: { kind: "update" } }, stables: ["identity"] });
  },

  create(inputs, { preview }) {
    if (preview) return Promise.resolve({ id: "", outputs: { ...inputs, identity: UNKNOWN } });
    const identity = randomUUID();
    return Promise.resolve({ id: identity, outputs: { ...inputs, identity } });
  },

  read({ id, outputs, inputs }) {
    return Promise.resolve({ id, outputs: { ...outputs, identity: id }, inputs });
  },

  update({ id, news }) {
    return Promise.resolve({ ...news, identity: id });
  },

  delete() {
    return Promise.resolve();
  },
};
