/** containerd with crun: the baseline to measure against, and the way out for those who want it. */
import type { Runtime } from "./runtime.ts";
import { PAUSE_IMAGE } from "./pause-image.ts";
import { registryFiles } from "./registries.ts";
import { NEVER_GIVE_UP, PERSISTENT } from "../host/hardening.ts";
import type { RoleFile } from "../host/role-state.ts";
import { LAYOUT } from "../node/layout.ts";
import { runsArtefact } from "../node/programs.ts";

const CONFIG = "/etc/containerd/config.toml";
const REGISTRIES = "/etc/containerd/certs.d";
const PAUSE_ARCHIVE = `${LAYOUT.root}/images/pause.tar`;
const STOP_PODS = `${LAYOUT.libexec}/stop-pods`;
const CRICTL_CONFIG = "/etc/crictl.yaml";

export const containerd: Runtime = {
  artefacts: ["containerd", "containerd-shim-runc-v2", "ctr", "crictl", "pause-image"],
  socket: `unix://${LAYOUT.containerdSocket}`,
  unit: "containerd.service",
  state(_plan, node, registries) {
    const program = (name: string): string => `${LAYOUT.programs}/${name}`;
    const binary = (
      name: "containerd" | "containerd-shim-runc-v2" | "ctr" | "crictl",
    ): [string, RoleFile] => [program(name), { artefact: name, mode: "0755" }];
    return {
      packages: { crun: "" },
      directories: {
        "/etc/containerd": {},
        [REGISTRIES]: {},
        ...Object.fromEntries(registries.map((registry) => [`${REGISTRIES}/${registry.name}`, {}])),
        [`${LAYOUT.root}/images`]: {},
        [LAYOUT.libexec]: {},
        [LAYOUT.containerdData]: { mode: "0700", removeContents: true },
      },
      files: {
        ...Object.fromEntries(
          (["containerd", "containerd-shim-runc-v2", "ctr", "crictl"] as const).map(binary),
        ),
        [`${LAYOUT.bin}/ctr`]: { target: program("ctr") },
        [`${LAYOUT.bin}/crictl`]: { target: program("crictl") },
        [CONFIG]: { content: containerdConfig(node.sharedKernel) },
        [CRICTL_CONFIG]: { content: `runtime-endpoint: unix://${LAYOUT.containerdSocket}\n` },
        [PAUSE_ARCHIVE]: { artefact: "pause-image" },
        [STOP_PODS]: { content: stopPodsScript(), mode: "0755" },
        ...registryFiles(REGISTRIES, registries),
      },
      units: {
        "containerd.service": {
          sections: {
            Unit: {
              Description: "containerd, the container runtime",
              Documentation: "https://containerd.io",
              After: "network-online.target local-fs.target",
              Wants: "network-online.target",
              ...runsArtefact("containerd"),
              ...NEVER_GIVE_UP,
            },
            Service: {
              Type: "notify",
              // Shims are found beside containerd.
              Environment: `PATH=${LAYOUT.programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
              ExecStart: `${program("containerd")} --config ${CONFIG}`,
              ...PERSISTENT,
              // Containers outlive a restart of the daemon.
              KillMode: "process",
              Delegate: true,
              LimitNOFILE: 1048576,
              LimitNPROC: "infinity",
              LimitCORE: "infinity",
              TasksMax: "infinity",
              OOMScoreAdjust: -999,
            },
            Install: { WantedBy: "multi-user.target" },
          },
          restartOn: [CONFIG],
        },
        "rktnetes-pause-image.service": {
          sections: {
            Unit: {
              Description: "The image of the pods' sandbox, taken from a file",
              Requires: "containerd.service",
              After: "containerd.service",
              Before: "kubelet.service",
              ...runsArtefact("pause-image"),
            },
            Service: {
              Type: "oneshot",
              RemainAfterExit: true,
              ExecStart: `${program("ctr")} --address ${LAYOUT.containerdSocket} --namespace k8s.io images import --label io.cri-containerd.pinned=pinned ${PAUSE_ARCHIVE}`,
            },
            Install: { WantedBy: "multi-user.target" },
          },
          state: "ran",
          restartOn: [PAUSE_ARCHIVE],
        },
      },
      teardown: [[STOP_PODS]],
    };
  },
};

function containerdConfig(sharedKernel: boolean): string {
  return `version = 3
# It only makes /opt/containerd, for programs that nobody installs here.
disabled_plugins = ["io.containerd.internal.v1.opt"]
root = "${LAYOUT.containerdData}"
state = "/run/containerd"

[grpc]
address = "${LAYOUT.containerdSocket}"

[plugins."io.containerd.nri.v1.nri"]
disable = true

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.images".registry]
config_path = "${REGISTRIES}"

[plugins."io.containerd.cri.v1.runtime"]
# Where the kernel is shared, a process may not make itself harder to kill than its parent.
restrict_oom_score_adj = ${sharedKernel}

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["${LAYOUT.cni}"]
conf_dir = "${LAYOUT.cniConfig}"

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "crun"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.crun.options]
BinaryName = "/usr/bin/crun"
SystemdCgroup = true
`;
}

/**
 * Run when the role goes: pods end, their networks are taken down by the plugins that made them, and nothing
 * of theirs stays mounted. It must work on a half-made host too, so each step looks for what is there.
 */
function stopPodsScript(): string {
  return `#!/bin/bash
# Ends all pods of this host and takes their networks and mounts away.
set -u
systemctl stop kubelet.service 2>/dev/null
if [ -S ${LAYOUT.containerdSocket} ] && systemctl is-active --quiet containerd.service; then
  timeout 60 ${LAYOUT.programs}/crictl --timeout 20s rmp --force --all >/dev/null 2>&1
fi
systemctl stop kubepods.slice containerd.service 2>/dev/null
for shim in $(pgrep -f '^${LAYOUT.programs}/containerd-shim-runc-v2 ' || true); do
  kill -KILL "$shim" 2>/dev/null
done
for netns in /run/netns/cni-*; do
  [ -e "$netns" ] && ip netns delete "\${netns##*/}"
done
# Deepest first, so that no mount hides another.
awk '{ print $5 }' /proc/self/mountinfo | grep -E '^(/run/containerd|${LAYOUT.kubeletData}|${LAYOUT.containerdData})/' | sort -r |
  while IFS= read -r mount; do umount --lazy "$(printf '%b' "$mount")" || exit 1; done
rm -rf /run/containerd /var/lib/cni /var/log/pods /var/log/containers
# systemd ends the slice where it has controllers; the kubelet made it in every other v1 hierarchy, too.
for slice in /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/*/kubepods.slice; do
  [ -d "$slice" ] && find "$slice" -depth -type d -exec rmdir {} +
done
[ -d /run/netns ] && rmdir --ignore-fail-on-non-empty /run/netns
exit 0
`;
}
