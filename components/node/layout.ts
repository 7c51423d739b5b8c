/** Where things lie on a host. Programs are in folders named by their content, so that a new version restarts
 * exactly the units that run it. */
export const LAYOUT = {
  root: "/opt/rktnetes",
  programs: "/opt/rktnetes/programs",
  bin: "/opt/rktnetes/bin",
  cni: "/opt/rktnetes/cni",
  libexec: "/opt/rktnetes/libexec",
  etc: "/etc/kubernetes",
  pki: "/etc/kubernetes/pki",
  etcdPki: "/etc/etcd/pki",
  etcdData: "/var/lib/etcd",
  kubeletData: "/var/lib/kubelet",
  containerdData: "/var/lib/containerd",
  containerdSocket: "/run/containerd/containerd.sock",
  cniConfig: "/etc/cni/net.d",
  auditLog: "/var/log/kubernetes",
} as const;
