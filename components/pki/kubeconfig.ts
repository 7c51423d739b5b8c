/** The operator's kubeconfig: everything in one text, all of it secret. It depends on the PKI and the plan only. */
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { ClusterPlan } from "../cluster/plan.ts";
import type { Pki } from "./Pki.ts";

export function adminKubeconfig(plan: ClusterPlan, pki: Pki): pulumi.Output<string> {
  const parts = pulumi.all([
    pki.cluster.bundle,
    pki.admin.certificate("admin"),
    pki.admin.privateKey("admin"),
  ]);
  return pulumi.secret(
    parts.apply(([ca, certificate, key]) => {
      const base64 = (text: string): string => Buffer.from(text).toString("base64");
      const user = `${plan.name}-admin`;
      return stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": plan.name,
        clusters: [
          { name: plan.name, cluster: { server: plan.apiUrl, "certificate-authority-data": base64(ca) } },
        ],
        contexts: [{ name: plan.name, context: { cluster: plan.name, user } }],
        users: [
          {
            name: user,
            user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) },
          },
        ],
      });
    }),
  );
}
