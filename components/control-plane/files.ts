/** The configuration files of the API server, as pure text. */
import { stringify } from "yaml";
import { ref, type Text } from "../host/role-state.ts";

/** Certificates authenticate; nobody is anonymous but a health check. */
export function authenticationConfiguration(): string {
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: {
      enabled: true,
      conditions: [{ path: "/livez" }, { path: "/readyz" }, { path: "/healthz" }],
    },
  });
}

/** Secrets and config maps are encrypted with secretbox; what was written before stays readable. */
export function encryptionConfiguration(): Text {
  const marker = "@key@";
  const text = stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets", "configmaps"],
        providers: [{ secretbox: { keys: [{ name: "key1", secret: marker }] } }, { identity: {} }],
      },
    ],
  });
  const [before = "", after = ""] = text.split(`"${marker}"`);
  return [before, ref("encryption-key"), after];
}

/** Who changed what is recorded; what is read is not, and the bodies of secrets never are. */
export function auditPolicy(): string {
  return stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*"] },
      { level: "None", resources: [{ group: "coordination.k8s.io", resources: ["leases"] }] },
      { level: "None", resources: [{ group: "", resources: ["events"] }] },
      {
        level: "Metadata",
        resources: [
          { group: "", resources: ["secrets", "configmaps", "serviceaccounts/token"] },
          { group: "authentication.k8s.io", resources: ["tokenreviews"] },
        ],
      },
      { level: "None", verbs: ["get", "list", "watch"] },
      { level: "Request", verbs: ["create", "update", "patch", "delete", "deletecollection"] },
      { level: "Metadata" },
    ],
  });
}
