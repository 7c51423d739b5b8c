/** How the program `apart` is called, which goes apart from the host before it executes another one. */
import type { PodNetwork } from "../../engine/network/podNetwork.ts";

export interface Apart {
  readonly network: PodNetwork;
  readonly privateIpc: boolean;
  /** The one mount that is to be no peer of the host's; every mount where it is absent. */
  readonly slave?: string;
  readonly mounts: string;
  readonly pidFile?: string;
}

export function apartWords(
  { network, privateIpc, slave, mounts, pidFile }: Apart,
  command: readonly string[],
): readonly string[] {
  return [
    ...networkWords(network),
    ...(privateIpc ? ["--ipc"] : []),
    ...(slave === undefined ? [] : ["--slave", slave]),
    ...["--mounts", mounts],
    ...(pidFile === undefined ? [] : ["--pid-file", pidFile]),
    "--",
    ...command,
  ];
}

/** As `apart` and the oci flavour's `pod` read it. */
export function networkWords(network: PodNetwork): readonly string[] {
  switch (network.kind) {
    case "host":
      return [];
    case "none":
      return ["--alone"];
    case "own":
      return ["--net", network.path];
  }
}
