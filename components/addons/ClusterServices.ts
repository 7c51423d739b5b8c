/** What lives in the API for the cluster's own services: their rights, their addresses, and the metrics API. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterIdentity } from "../cluster/identity.ts";
import { controlPlanesOf, DNS_PORT, METRICS_SERVER_PORT, type ClusterPlan } from "../cluster/plan.ts";

export interface ClusterServicesArguments {
  readonly plan: ClusterPlan;
  /** PEM of the authorities that vouch for servers in the cluster. */
  readonly ca: pulumi.Input<string>;
  readonly provider: kubernetes.Provider;
  readonly identity: ClusterIdentity;
}

const NAMESPACE = "kube-system";

export class ClusterServices extends pulumi.ComponentResource {
  /** The rights without which nodes and add-ons only collect refusals. */
  readonly access: readonly pulumi.Resource[];
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: ClusterServicesArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:addons:ClusterServices", name, {}, options);
    const { plan, provider, identity } = args;
    const opts: pulumi.CustomResourceOptions = { parent: this, provider, deletedWith: identity };
    this.access = [...kubeletAccess(opts), ...dnsAccess(opts), ...metricsAccess(opts)];
    this.resources = [...dnsService(plan, opts), ...metricsService(plan, args.ca, opts)];
    this.registerOutputs({});
  }
}

type Options = pulumi.CustomResourceOptions;

function bindUser(name: string, user: string, role: string, opts: Options): pulumi.Resource {
  return new kubernetes.rbac.v1.ClusterRoleBinding(
    name,
    {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    },
    opts,
  );
}

/** The API server may ask kubelets; kubelets may renew their own client certificates. */
function kubeletAccess(opts: Options): pulumi.Resource[] {
  return [
    bindUser("rktnetes:kubelet-api", "kube-apiserver-kubelet-client", "system:kubelet-api-admin", opts),
    new kubernetes.rbac.v1.ClusterRoleBinding(
      "rktnetes:kubelet-renewal",
      {
        metadata: { name: "rktnetes:kubelet-renewal" },
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "ClusterRole",
          name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:nodes" }],
      },
      opts,
    ),
  ];
}

function dnsAccess(opts: Options): pulumi.Resource[] {
  const role = "rktnetes:coredns";
  return [
    new kubernetes.rbac.v1.ClusterRole(
      role,
      {
        metadata: { name: role },
        rules: [
          { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
          { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
        ],
      },
      opts,
    ),
    bindUser(`${role}-user`, "system:coredns", role, opts),
  ];
}

function metricsAccess(opts: Options): pulumi.Resource[] {
  const role = "rktnetes:metrics-server";
  const user = "system:metrics-server";
  return [
    new kubernetes.rbac.v1.ClusterRole(
      role,
      {
        metadata: { name: role },
        rules: [
          { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
          { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
        ],
      },
      opts,
    ),
    new kubernetes.rbac.v1.ClusterRole(
      "rktnetes:metrics-reader",
      {
        metadata: {
          name: "rktnetes:metrics-reader",
          labels: {
            "rbac.authorization.k8s.io/aggregate-to-view": "true",
            "rbac.authorization.k8s.io/aggregate-to-edit": "true",
            "rbac.authorization.k8s.io/aggregate-to-admin": "true",
          },
        },
        rules: [
          { apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
        ],
      },
      opts,
    ),
    bindUser(`${role}-user`, user, role, opts),
    bindUser("rktnetes:metrics-server-delegation", user, "system:auth-delegator", opts),
    new kubernetes.rbac.v1.RoleBinding(
      "rktnetes:metrics-server-reader",
      {
        metadata: { name: "rktnetes:metrics-server-reader", namespace: NAMESPACE },
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "Role",
          name: "extension-apiserver-authentication-reader",
        },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
      },
      opts,
    ),
  ];
}

interface HostService {
  readonly name: string;
  readonly clusterIP?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { name: string; protocol: string; port: number; hostPort: number }[];
}

/** A service whose endpoints are the control planes themselves. */
function hostService(plan: ClusterPlan, service: HostService, opts: Options): pulumi.Resource[] {
  const { name, labels } = service;
  const object = new kubernetes.core.v1.Service(
    name,
    {
      metadata: {
        name,
        namespace: NAMESPACE,
        labels,
        // Its endpoints are given below, by hand: there are no pods to wait for.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        ...(service.clusterIP === undefined ? {} : { clusterIP: service.clusterIP }),
        ports: service.ports.map(({ name: portName, protocol, port, hostPort }) => ({
          name: portName,
          protocol,
          port,
          targetPort: hostPort,
        })),
      },
    },
    opts,
  );
  const endpoints = new kubernetes.discovery.v1.EndpointSlice(
    name,
    {
      metadata: {
        name: `${name}-hosts`,
        namespace: NAMESPACE,
        labels: { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "rktnetes" },
      },
      addressType: "IPv4",
      ports: service.ports.map(({ name: portName, protocol, hostPort }) => ({
        name: portName,
        protocol,
        port: hostPort,
      })),
      endpoints: controlPlanesOf(plan.nodes).map((node) => ({
        addresses: [node.address],
        conditions: { ready: true },
      })),
    },
    opts,
  );
  return [object, endpoints];
}

function dnsService(plan: ClusterPlan, opts: Options): pulumi.Resource[] {
  return hostService(
    plan,
    {
      name: "kube-dns",
      clusterIP: plan.dnsAddress,
      labels: { "k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS" },
      ports: [
        { name: "dns", protocol: "UDP", port: 53, hostPort: DNS_PORT },
        { name: "dns-tcp", protocol: "TCP", port: 53, hostPort: DNS_PORT },
      ],
    },
    opts,
  );
}

function metricsService(plan: ClusterPlan, ca: pulumi.Input<string>, opts: Options): pulumi.Resource[] {
  const objects = hostService(
    plan,
    {
      name: "metrics-server",
      labels: { "k8s-app": "metrics-server" },
      ports: [{ name: "https", protocol: "TCP", port: 443, hostPort: METRICS_SERVER_PORT }],
    },
    opts,
  );
  const api = new kubernetes.apiregistration.v1.APIService(
    "v1beta1.metrics.k8s.io",
    {
      metadata: { name: "v1beta1.metrics.k8s.io", labels: { "k8s-app": "metrics-server" } },
      spec: {
        group: "metrics.k8s.io",
        version: "v1beta1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { name: "metrics-server", namespace: NAMESPACE, port: 443 },
        caBundle: pulumi.output(ca).apply((pem) => Buffer.from(pem).toString("base64")),
      },
    },
    opts,
  );
  return [...objects, api];
}
