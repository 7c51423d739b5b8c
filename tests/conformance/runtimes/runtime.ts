import type { HostInLab } from "../../support/host-in-lab.ts";

/** What critest is pointed at. */
export interface RuntimeUnderTest {
  readonly name: RuntimeName;
  /** Programs of the tools' cache that lie in its folder for programs. */
  readonly programs: readonly string[];
  /** Name of its systemd unit. */
  readonly unit: string;
  /** Its socket, as CRI clients take it. */
  readonly endpoint: string;
  /** Whether it refuses images that nobody has signed. */
  readonly verifies: boolean;
  /** Its configuration, its unit and whatever else it reads, by path. */
  files(site: Site): Readonly<Record<string, string>>;
  /** What else it takes; `copy` puts a file or a folder of this machine's onto the host. */
  install?(host: HostInLab, copy: (from: string, to: string) => Promise<void>): Promise<void>;
}

export const runtimeNames = ["containerd", "rkt"] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** What a runtime has to know of the host that it runs on. */
export interface Site {
  /** Folder of its programs. */
  readonly programs: string;
  /** Folders of CNI's plugins and configuration. */
  readonly cni: { readonly plugins: string; readonly configuration: string };
  /** Mirror of every registry, over plain HTTP. */
  readonly mirror: string;
  /** PEM of the key that signed every image but the twins. */
  readonly signer: string;
}
