/**
 * What is built from Go modules. Versions are not here: each go.mod names them, and a build reads them there.
 */

/** One Go module under tools/go, built as a whole into one folder of the cache. */
export interface Program {
  /** Folder under tools/go, and name of the module's folder among the artefacts. */
  readonly name: string;
  /** The required module whose version is the program's; absent for sources of our own. */
  readonly versionOf?: string;
  /** What it is for, and why it takes its time; shown while it builds. */
  readonly purpose: string;
  /** Roughly how long two cores take when nothing is cached, in seconds. */
  readonly coldSeconds: number;
  readonly steps: readonly Step[];
}

/** One run of the compiler. */
export interface Step {
  readonly binaries: readonly Binary[];
  readonly tags?: readonly string[];
  /** Go variables that get the version: import path and name, and what to set given the version (`v1.2.3`). */
  readonly variables?: Readonly<Record<string, (version: string) => string>>;
}

export interface Binary {
  /** Name in artefacts.json. */
  readonly artefact: string;
  /** The file's name; the artefact's own by default. */
  readonly file?: string;
  /** Go package; `.` is the module's own main. */
  readonly package: string;
  /** Built from the package's tests, as critest is. */
  readonly fromTests?: boolean;
  /** Names the binary answers to besides its own. */
  readonly answersTo?: readonly string[];
}

const asIs = (version: string): string => version;
const withoutV = (version: string): string => version.replace(/^v/, "");
const major = (version: string): string => withoutV(version).split(".")[0] ?? "";
const minor = (version: string): string => withoutV(version).split(".")[1] ?? "";

const cni = "github.com/containernetworking/plugins";
const containerd = "github.com/containerd/containerd/v2";
const componentBase = "k8s.io/component-base/version";
const clientGo = "k8s.io/client-go/pkg/version";

/** What upstream leaves out of a static containerd, and snapshotters and tracing that no host here uses. */
const containerdTags = ["urfave_cli_no_docs", "no_btrfs", "no_devmapper", "no_zfs", "no_tracing"];

export const programs: readonly Program[] = [
  {
    name: "pulumi",
    versionOf: "github.com/pulumi/pulumi/pkg/v3",
    purpose: "the Pulumi CLI; long because it carries the clients of every secrets and state service",
    coldSeconds: 200,
    steps: [
      {
        binaries: [{ artefact: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" }],
        variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": asIs },
      },
    ],
  },
  {
    name: "kubernetes",
    versionOf: "k8s.io/kubernetes",
    purpose: "Kubernetes, etcd and metrics-server in one binary; the longest: some 1,900 packages",
    coldSeconds: 310,
    steps: [
      {
        binaries: [
          {
            artefact: "kubernetes",
            package: ".",
            answersTo: [
              "etcd",
              "etcdctl",
              "kube-apiserver",
              "kube-controller-manager",
              "kube-proxy",
              "kube-scheduler",
              "kubectl",
              "kubelet",
              "metrics-server",
            ],
          },
        ],
        variables: {
          [`${componentBase}.gitVersion`]: asIs,
          [`${componentBase}.gitMajor`]: major,
          [`${componentBase}.gitMinor`]: minor,
          [`${componentBase}.gitTreeState`]: () => "clean",
          [`${clientGo}.gitVersion`]: asIs,
          [`${clientGo}.gitMajor`]: major,
          [`${clientGo}.gitMinor`]: minor,
        },
      },
    ],
  },
  {
    name: "coredns",
    versionOf: "github.com/coredns/coredns",
    purpose: "the cluster's DNS, with the plugins it uses",
    coldSeconds: 60,
    steps: [{ binaries: [{ artefact: "coredns", package: "." }] }],
  },
  {
    name: "containerd",
    versionOf: containerd,
    purpose: "the container runtime, its shim and ctr",
    coldSeconds: 45,
    steps: [
      {
        binaries: [
          { artefact: "containerd", package: `${containerd}/cmd/containerd` },
          { artefact: "ctr", package: `${containerd}/cmd/ctr` },
        ],
        tags: containerdTags,
        variables: { [`${containerd}/version.Version`]: asIs },
      },
      {
        // One shim runs for every pod, so upstream leaves gRPC out of it to save memory.
        binaries: [
          { artefact: "containerd-shim-runc-v2", package: `${containerd}/cmd/containerd-shim-runc-v2` },
        ],
        tags: [...containerdTags, "no_grpc"],
        variables: { [`${containerd}/version.Version`]: asIs },
      },
    ],
  },
  {
    name: "cni",
    versionOf: cni,
    purpose: "the plugins that give pods their network",
    coldSeconds: 15,
    steps: [
      {
        binaries: [
          { artefact: "cni-bandwidth", file: "bandwidth", package: `${cni}/plugins/meta/bandwidth` },
          { artefact: "cni-bridge", file: "bridge", package: `${cni}/plugins/main/bridge` },
          { artefact: "cni-host-local", file: "host-local", package: `${cni}/plugins/ipam/host-local` },
          { artefact: "cni-loopback", file: "loopback", package: `${cni}/plugins/main/loopback` },
          { artefact: "cni-portmap", file: "portmap", package: `${cni}/plugins/meta/portmap` },
          { artefact: "cni-ptp", file: "ptp", package: `${cni}/plugins/main/ptp` },
        ],
        variables: { [`${cni}/pkg/utils/buildversion.BuildVersion`]: asIs },
      },
    ],
  },
  {
    name: "pause",
    purpose: "the first process of every pod's sandbox",
    coldSeconds: 2,
    steps: [{ binaries: [{ artefact: "pause", package: "." }] }],
  },
  {
    name: "cri-tools",
    versionOf: "sigs.k8s.io/cri-tools",
    purpose: "crictl to look at a runtime, and critest, its conformance test",
    coldSeconds: 70,
    steps: [
      {
        binaries: [{ artefact: "crictl", package: "sigs.k8s.io/cri-tools/cmd/crictl" }],
        variables: { "sigs.k8s.io/cri-tools/pkg/version.Version": withoutV },
      },
      {
        binaries: [{ artefact: "critest", package: "sigs.k8s.io/cri-tools/cmd/critest", fromTests: true }],
        variables: { "sigs.k8s.io/cri-tools/pkg/version.Version": withoutV },
      },
    ],
  },
];

/** The file a binary is stored as. */
export function fileOf(binary: Binary): string {
  return binary.file ?? binary.artefact;
}

/** Every binary that a program consists of. */
export function binariesOf(program: Program): readonly Binary[] {
  return program.steps.flatMap((step) => step.binaries);
}
