import type { RuntimeUnderTest } from "./runtime.ts";

const config = "/etc/containerd/config.toml";
const registries = "/etc/containerd/certs.d";

/** The peer: containerd with crun. It verifies no signatures, so the unsigned twins mean nothing to it. */
export const containerd: RuntimeUnderTest = {
  name: "containerd",
  programs: ["containerd", "containerd-shim-runc-v2", "ctr"],
  unit: "containerd.service",
  endpoint: "unix:///run/containerd/containerd.sock",
  verifies: false,
  files: ({ programs, cni, mirror }) => ({
    [`${registries}/_default/hosts.toml`]: `server = "${mirror}"

[host."${mirror}"]
capabilities = ["pull", "resolve"]
`,
    [config]: `version = 3
disabled_plugins = ["io.containerd.internal.v1.opt"]

[plugins."io.containerd.nri.v1.nri"]
disable = true

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "registry.k8s.io/pause:3.10.2"

[plugins."io.containerd.cri.v1.images".registry]
config_path = "${registries}"

[plugins."io.containerd.cri.v1.runtime"]
# A lab host may not make a process harder to kill than itself.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["${cni.plugins}"]
conf_dir = "${cni.configuration}"

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "crun"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.crun.options]
BinaryName = "/usr/bin/crun"
SystemdCgroup = true
`,
    "/etc/systemd/system/containerd.service": `[Service]
Type=notify
Environment=PATH=${programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=${programs}/containerd --config ${config}
KillMode=process
Delegate=yes
TasksMax=infinity
`,
  }),
};
