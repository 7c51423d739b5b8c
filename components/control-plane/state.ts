/** API server, controller manager and scheduler of one control plane. */
import { CONFINED, NEVER_GIVE_UP, PERSISTENT } from "../host/hardening.ts";
import { ref, type RoleFile, type RoleState, type RoleUnit } from "../host/role-state.ts";
import { LAYOUT } from "../node/layout.ts";
import { programPath, runsArtefact, type KubernetesProgram } from "../node/programs.ts";
import { API_PORT, ETCD_CLIENT_PORT, type ClusterPlan, type NodePlan } from "../cluster/plan.ts";
import { auditPolicy, authenticationConfiguration, encryptionConfiguration } from "./files.ts";
import { componentKubeconfig } from "./kubeconfig.ts";

const USER = "kube";
const DIRECTORY = `${LAYOUT.etc}/control-plane`;
const AWAIT_READY = `${LAYOUT.libexec}/await-api-server`;
const at = (file: string): string => `${DIRECTORY}/${file}`;

export function controlPlaneState(plan: ClusterPlan, node: NodePlan): RoleState {
  const files = controlPlaneFiles(node);
  const paths = Object.keys(files);
  const about = (...parts: string[]): string[] =>
    paths.filter((path) => parts.some((part) => path.startsWith(at(part))));
  return {
    users: { [USER]: {} },
    directories: {
      [DIRECTORY]: { mode: "0750", owner: "root", group: USER },
      [LAYOUT.libexec]: {},
      [LAYOUT.auditLog]: { mode: "0700", owner: USER, group: USER, removeContents: true },
    },
    files: { ...files, [AWAIT_READY]: { content: awaitReadyScript(), mode: "0755" } },
    units: {
      "kube-apiserver.service": service("kube-apiserver", "the Kubernetes API", apiServerFlags(plan, node), {
        type: "notify",
        after: "etcd.service",
        extra: {
          ExecStartPost: AWAIT_READY,
          ReadWritePaths: LAYOUT.auditLog,
          LimitNOFILE: 65536,
          OOMScoreAdjust: -900,
        },
        restartOn: about(
          "ca.",
          "apiserver",
          "etcd",
          "kubelet-client",
          "front-proxy",
          "service-account",
          "audit",
          "authentication",
          "encryption",
        ),
      }),
      "kube-controller-manager.service": service(
        "kube-controller-manager",
        "the Kubernetes controllers",
        controllerManagerFlags(plan),
        {
          type: "exec",
          after: "kube-apiserver.service",
          extra: { OOMScoreAdjust: -800 },
          restartOn: about("ca.", "controller-manager", "service-account.key"),
        },
      ),
      "kube-scheduler.service": service("kube-scheduler", "the Kubernetes scheduler", schedulerFlags(), {
        type: "exec",
        after: "kube-apiserver.service",
        extra: { OOMScoreAdjust: -800 },
        restartOn: about("ca.crt", "scheduler"),
      }),
    },
  };
}

function controlPlaneFiles(node: NodePlan): Record<string, RoleFile> {
  const owned = { owner: "root", group: USER };
  const open = (content: RoleFile["content"] & {}): RoleFile => ({ content, mode: "0640", ...owned });
  const server = `https://${node.address}:${API_PORT}`;
  const leaf = (name: string): Record<string, RoleFile> => ({
    [at(`${name}.crt`)]: open(ref(`${name}.crt`)),
    [at(`${name}.key`)]: open(ref(`${name}.key`)),
  });
  const kubeconfig = (name: string): RoleFile =>
    open(
      componentKubeconfig({
        server,
        user: name,
        caFile: at("ca.crt"),
        certificateFile: at(`${name}.crt`),
        keyFile: at(`${name}.key`),
      }),
    );
  return {
    [at("ca.crt")]: open(ref("ca:cluster")),
    [at("ca.key")]: open(ref("ca-key:cluster")),
    [at("etcd-ca.crt")]: open(ref("ca:etcd")),
    [at("front-proxy-ca.crt")]: open(ref("ca:front-proxy")),
    [at("service-account.pub")]: open(ref("service-account.pub")),
    [at("service-account.key")]: open(ref("service-account.key")),
    ...leaf("apiserver"),
    ...leaf("kubelet-client"),
    ...leaf("etcd-client"),
    ...leaf("front-proxy"),
    ...leaf("controller-manager"),
    ...leaf("scheduler"),
    [at("authentication.yaml")]: open(authenticationConfiguration()),
    [at("encryption.yaml")]: open(encryptionConfiguration()),
    [at("audit-policy.yaml")]: open(auditPolicy()),
    [at("controller-manager.kubeconfig")]: kubeconfig("controller-manager"),
    [at("scheduler.kubeconfig")]: kubeconfig("scheduler"),
  };
}

function apiServerFlags(plan: ClusterPlan, node: NodePlan): string[] {
  return [
    `--advertise-address=${node.address}`,
    `--secure-port=${API_PORT}`,
    "--allow-privileged=true",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--enable-aggregator-routing=true",
    "--profiling=false",
    `--service-cluster-ip-range=${plan.serviceCidr}`,
    `--authentication-config=${at("authentication.yaml")}`,
    `--client-ca-file=${at("ca.crt")}`,
    `--tls-cert-file=${at("apiserver.crt")}`,
    `--tls-private-key-file=${at("apiserver.key")}`,
    "--tls-min-version=VersionTLS12",
    `--etcd-servers=https://127.0.0.1:${ETCD_CLIENT_PORT}`,
    `--etcd-cafile=${at("etcd-ca.crt")}`,
    `--etcd-certfile=${at("etcd-client.crt")}`,
    `--etcd-keyfile=${at("etcd-client.key")}`,
    `--kubelet-certificate-authority=${at("ca.crt")}`,
    `--kubelet-client-certificate=${at("kubelet-client.crt")}`,
    `--kubelet-client-key=${at("kubelet-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP,Hostname",
    `--service-account-issuer=https://kubernetes.default.svc.${plan.domain}`,
    `--service-account-key-file=${at("service-account.pub")}`,
    `--service-account-signing-key-file=${at("service-account.key")}`,
    `--requestheader-client-ca-file=${at("front-proxy-ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${at("front-proxy.crt")}`,
    `--proxy-client-key-file=${at("front-proxy.key")}`,
    `--encryption-provider-config=${at("encryption.yaml")}`,
    `--audit-policy-file=${at("audit-policy.yaml")}`,
    `--audit-log-path=${LAYOUT.auditLog}/audit.log`,
    "--audit-log-maxage=30",
    "--audit-log-maxbackup=10",
    "--audit-log-maxsize=100",
  ];
}

function controllerManagerFlags(plan: ClusterPlan): string[] {
  const kubeconfig = at("controller-manager.kubeconfig");
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    "--profiling=false",
    // Each node's part of the pod range is planned, so that its network is there before the API is.
    "--allocate-node-cidrs=false",
    `--service-cluster-ip-range=${plan.serviceCidr}`,
    `--root-ca-file=${at("ca.crt")}`,
    `--cluster-signing-cert-file=${at("ca.crt")}`,
    `--cluster-signing-key-file=${at("ca.key")}`,
    `--service-account-private-key-file=${at("service-account.key")}`,
    "--use-service-account-credentials=true",
  ];
}

function schedulerFlags(): string[] {
  const kubeconfig = at("scheduler.kubeconfig");
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    "--profiling=false",
  ];
}

/**
 * The API server counts as started when it is ready: a controller manager that comes before the first roles are
 * there is refused what it needs, and ends.
 */
function awaitReadyScript(): string {
  return `#!/bin/bash
# Waits until the API server is ready; the unit's start timeout is the limit.
until ${programPath("kubectl")} --kubeconfig=${at("controller-manager.kubeconfig")} --request-timeout=5s get --raw=/readyz >/dev/null 2>&1; do
  sleep 0.1
done
`;
}

interface ServiceShape {
  readonly type: "notify" | "exec";
  readonly after: string;
  readonly extra: Readonly<Record<string, string | number>>;
  readonly restartOn: readonly string[];
}

function service(
  program: KubernetesProgram,
  description: string,
  flags: readonly string[],
  shape: ServiceShape,
): RoleUnit {
  return {
    sections: {
      Unit: {
        Description: description,
        Documentation: "https://kubernetes.io/docs/",
        Wants: "network-online.target",
        After: `network-online.target ${shape.after}`,
        ...runsArtefact("kubernetes"),
        ...NEVER_GIVE_UP,
      },
      Service: {
        Type: shape.type,
        User: USER,
        Group: USER,
        ExecStart: [programPath(program), ...flags].join(" "),
        ...PERSISTENT,
        TimeoutStartSec: 120,
        ...CONFINED,
        ...shape.extra,
      },
      Install: { WantedBy: "multi-user.target" },
    },
    restartOn: shape.restartOn,
  };
}
