/** The programs of Kubernetes: one binary on every host, called by the name of what it should be. */
import { ref, type RoleState } from "../host/role-state.ts";
import { LAYOUT } from "./layout.ts";

const KUBERNETES = `${LAYOUT.programs}/kubernetes`;

/** Names under which the one binary is called. */
export const KUBERNETES_PROGRAMS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
  "metrics-server",
] as const;

export type KubernetesProgram = (typeof KUBERNETES_PROGRAMS)[number];

export function programPath(program: KubernetesProgram): string {
  return `${LAYOUT.bin}/${program}`;
}

/** Put into a unit, it makes the unit start again when its program's bytes change. */
export function runsArtefact(artefact: string): { readonly "X-Program": ReturnType<typeof ref> } {
  return { "X-Program": ref(`sha256:${artefact}`) };
}

export function programsState(sharedKernel: boolean): RoleState {
  return {
    packages: { nftables: "", iproute2: "" },
    directories: {
      [LAYOUT.root]: {},
      [LAYOUT.programs]: {},
      [LAYOUT.bin]: {},
      [LAYOUT.etc]: {},
      [LAYOUT.pki]: {},
    },
    files: {
      [KUBERNETES]: { artefact: "kubernetes", mode: "0755" },
      ...Object.fromEntries(
        KUBERNETES_PROGRAMS.map((program) => [programPath(program), { target: KUBERNETES }]),
      ),
    },
    sysctls: {
      "net.ipv4.ip_forward": "1",
      // The kubelet would set these itself and never take them back; a shared kernel is not ours to set.
      ...(sharedKernel
        ? {}
        : {
            "vm.overcommit_memory": "1",
            "kernel.panic": "10",
            "kernel.panic_on_oops": "1",
            "fs.inotify.max_user_instances": "8192",
          }),
    },
  };
}
