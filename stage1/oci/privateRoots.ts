/** Where the apps of a pod with private users find their roots and volumes, and who may use what the kernel gives them. */
import { execFileSync } from "node:child_process";
import { emptyVolumeFolder, type AppMount } from "../appMounts.ts";
import type { AppToRun, Handover, PodToRun } from "../contract.ts";
import type { FstabLine } from "../mounting/fstab.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { afterMounts, MappedMounts, placeForMounts, type UserRange } from "../users/mappedMounts.ts";
import type { SeenByApp } from "./bundle.ts";

export class PrivateRoots {
  readonly #pod: PodToRun;
  readonly #users: UserRange;
  readonly #mounts: MappedMounts;
  readonly #sys: string;
  readonly #mqueue: string;

  constructor(pod: PodToRun, users: UserRange) {
    this.#pod = pod;
    this.#users = users;
    this.#mounts = new MappedMounts(placeForMounts(pod.folder));
    this.#sys = this.#mounts.folder();
    this.#mqueue = this.#mounts.folder();
  }

  /** An app's root where the app's own root user can reach it. A copy has the pod's owners already. */
  root(root: AppToRun["root"]): AppToRun["root"] {
    return root.kind === "copy"
      ? { kind: "copy", target: this.#mounts.plain(root.target) }
      : { ...root, lower: this.#mounts.mapped(root.lower), target: this.#mounts.folder() };
  }

  seenBy(root: AppToRun["root"]): SeenByApp {
    return {
      users: { ...this.#users, sys: this.#sys, mqueue: this.#mqueue },
      rootfs: root.target,
      source: (mount) => this.#source(mount),
    };
  }

  #source({ source, recursive }: AppMount): string {
    // Made for the pod, with its own owners.
    return source.startsWith(`${emptyVolumeFolder(this.#pod.folder, "")}/`)
      ? this.#mounts.plain(source, recursive)
      : this.#mounts.wanted(source, recursive);
  }

  /** File systems that only the host's root may mount; each shows the namespace in which it is. */
  kernelLines(): readonly FstabLine[] {
    return [
      { source: "sysfs", target: this.#sys, type: "sysfs", options: ["ro"] },
      { source: "mqueue", target: this.#mqueue, type: "mqueue", options: ["rw"] },
    ];
  }

  around(next: Handover): Handover {
    const { folder, network } = this.#pod;
    if (network.kind === "own") openLowPorts(network.path);
    return afterMounts(folder, this.#users, this.#mounts, next);
  }
}

/**
 * The pod's network belongs to the host's root, so no capability of the pod's counts there: its users may listen at
 * every port, and ping.
 */
function openLowPorts(path: string): void {
  const script = `cd /proc/sys/net/ipv4 && echo 0 >ip_unprivileged_port_start && echo '0 2147483647' >ping_group_range`;
  execFileSync("/usr/bin/nsenter", [`--net=${path}`, "--", "/bin/sh", "-c", script], {
    env: toolEnvironment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
}
