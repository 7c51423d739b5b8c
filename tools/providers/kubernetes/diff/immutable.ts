/**
 * Fields that cannot be changed on a living object: a change of one replaces it. For most of Kubernetes' own
 * kinds this is known without asking; what is missing here the API server says in a dry run.
 */
import { groupOf } from "../object/manifest.ts";
import { parsePath, type Path } from "./path.ts";

export interface Mutability {
  readonly configMaps: boolean;
  readonly secrets: boolean;
}

const IDENTITY = ["metadata.name", "metadata.namespace"];
const SELECTOR = ["spec.selector"];

const POD = [
  "spec.affinity",
  "spec.automountServiceAccountToken",
  "spec.containers[*].args",
  "spec.containers[*].command",
  "spec.containers[*].env",
  "spec.containers[*].imagePullPolicy",
  "spec.containers[*].lifecycle",
  "spec.containers[*].livenessProbe",
  "spec.containers[*].name",
  "spec.containers[*].ports",
  "spec.containers[*].readinessProbe",
  "spec.containers[*].resources",
  "spec.containers[*].securityContext",
  "spec.containers[*].startupProbe",
  "spec.containers[*].stdin",
  "spec.containers[*].tty",
  "spec.containers[*].volumeDevices",
  "spec.containers[*].volumeMounts",
  "spec.containers[*].workingDir",
  "spec.dnsConfig",
  "spec.dnsPolicy",
  "spec.enableServiceLinks",
  "spec.hostAliases",
  "spec.hostIPC",
  "spec.hostNetwork",
  "spec.hostPID",
  "spec.hostUsers",
  "spec.hostname",
  "spec.imagePullSecrets",
  "spec.initContainers",
  "spec.nodeName",
  "spec.nodeSelector",
  "spec.overhead",
  "spec.preemptionPolicy",
  "spec.priority",
  "spec.priorityClassName",
  "spec.readinessGates",
  "spec.restartPolicy",
  "spec.runtimeClassName",
  "spec.schedulerName",
  "spec.securityContext",
  "spec.serviceAccount",
  "spec.serviceAccountName",
  "spec.shareProcessNamespace",
  "spec.subdomain",
  "spec.terminationGracePeriodSeconds",
  "spec.volumes",
];

/** A volume's source; its size, policy and node affinity can change or are the API server's to judge. */
const VOLUME_SOURCES = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "fc",
  "flexVolume",
  "gcePersistentDisk",
  "glusterfs",
  "hostPath",
  "iscsi",
  "local",
  "nfs",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
].map((source) => `spec.${source}`);

const KINDS: Readonly<Record<string, readonly string[]>> = {
  "/PersistentVolume": VOLUME_SOURCES,
  "/PersistentVolumeClaim": [
    ...SELECTOR,
    "spec.accessModes",
    "spec.storageClassName",
    "spec.volumeMode",
    "spec.volumeName",
  ],
  "/Pod": POD,
  "/ResourceQuota": ["spec.scopes"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP"],
  "apps/DaemonSet": SELECTOR,
  "apps/Deployment": SELECTOR,
  "apps/StatefulSet": [
    ...SELECTOR,
    "spec.podManagementPolicy",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": [...SELECTOR, "spec.completionMode", "spec.completions", "spec.parallelism", "spec.template"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
};

export function immutableFields(
  apiVersion: string,
  kind: string,
  markedImmutable: boolean,
  mutability: Mutability,
): Path[] {
  const key = `${groupOf(apiVersion)}/${kind}`;
  const fields = [...IDENTITY, ...(KINDS[key] ?? [])];
  // By default a changed ConfigMap or Secret becomes a new one, so that what mounts it rolls with it.
  if (key === "/ConfigMap" && (markedImmutable || !mutability.configMaps)) fields.push("data", "binaryData");
  if (key === "/Secret" && (markedImmutable || !mutability.secrets)) fields.push("data");
  return fields.map(parsePath);
}
