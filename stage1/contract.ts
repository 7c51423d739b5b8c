import type { PodManifest, RuntimeApp } from "../engine/appc/podManifest.ts";
import type { Attachment } from "./attaching/attaching.ts";
import type { InsecureOptions } from "../engine/insecureOptions.ts";
import type { NetworkRequest, PodNetwork } from "../engine/network/podNetwork.ts";

/**
 * A prepared pod as a flavour meets it. All of it can be read back from the pod's folder and the arguments of the
 * published interface, so a flavour's entry point for a foreign stage0 calls the same functions as ours.
 */
export interface PodToRun {
  readonly uuid: string;
  /** The process that becomes the pod: stage0 itself, or the shell behind a published entry point. */
  readonly leader: number;
  /** The pod's folder; also the working folder of every entry point. */
  readonly folder: string;
  readonly manifest: PodManifest;
  readonly apps: readonly AppToRun[];
  /** What a flavour of ours joins. */
  readonly network: PodNetwork;
  /** What was asked for, for a foreign stage1, which makes its network itself. */
  readonly networks: NetworkRequest["networks"];
  readonly hostname: string;
  readonly insecure: InsecureOptions;
  readonly interactive: boolean;
  readonly mutable: boolean;
  readonly debug: boolean;
  readonly ipc: "auto" | "private" | "parent";
  /** Who writes resolv.conf and hosts: `host` copies the host's, `stage0` the pod's own files, `none` leaves the image's. */
  readonly resolvConf: "host" | "stage0" | "none" | "default";
  readonly hosts: "host" | "stage0" | "default";
  /** First host id and count of the pod's user namespace, with --private-users. */
  readonly userNamespace?: { readonly first: number; readonly count: number };
  readonly metadataUrl?: string;
  /** The root of a foreign stage1's image. */
  readonly stage1Root?: AppToRun["root"];
}

export interface AppToRun {
  readonly name: string;
  /**
   * How the app's root comes about inside the pod's own mount namespace: an overlay over a shared tree, or a copy that
   * is already in place (`--no-overlay`). `target` is `<pod>/stage1/rootfs/opt/stage2/<app>/rootfs`.
   */
  readonly root:
    | {
        readonly kind: "overlay";
        readonly lower: string;
        readonly upper: string;
        readonly work: string;
        readonly target: string;
      }
    | { readonly kind: "copy"; readonly target: string };
}

/** What stage0 turns into: the program that is the pod from then on, with the pid of the command that was typed. */
export interface Handover {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A flavour of stage1 that comes with the engine. */
export interface Flavour {
  readonly name: "oci" | "host" | "fly" | "kvm" | "foreign";
  /** Whether it makes a namespace with nothing but loopback by itself; where not, stage0 makes one. */
  readonly makesNoNetwork: boolean;
  /**
   * Begins what takes its time elsewhere while stage0 goes on preparing the pod in `draft`; `run` waits for it. Gives
   * back at once, with everything recorded in the folder that is going to be made.
   */
  begin?(pod: PodPlace & { readonly leader: number }, draft: string): void;
  /** Writes whatever its programs need into the pod's folder, and says what to turn into. */
  run(pod: PodToRun): Promise<Handover>;
  /** The command that joins a running app with all of its restrictions. */
  enter(
    pod: { readonly folder: string; readonly uuid: string },
    app: string,
    command: readonly string[],
  ): Promise<Handover>;
  /** Ends a running pod: politely, or at once with `force`. Resolves when it was told, not when it has ended. */
  stop(pod: { readonly folder: string; readonly uuid: string }, force: boolean): Promise<void>;
  /** Absent where a pod cannot change once it runs. */
  readonly apps?: MutableApps;
  /** Absent where nobody can attach to an app. */
  readonly attaching?: Attaching;
  /** Takes away what only this flavour knows of (cgroups, machines); the pod is dead. Nothing is no error. */
  collect(pod: {
    readonly folder: string;
    readonly uuid: string;
    readonly apps: readonly string[];
  }): Promise<void>;
}

/** What a running pod's apps can be told, one by one. Each resolves when it has come about. */
export interface MutableApps {
  /** Makes an app that is in the pod's manifest ready to start. */
  add(pod: PodPlace, app: RuntimeApp, root: AppToRun["root"]): Promise<void>;
  start(pod: PodPlace, app: string): Promise<void>;
  stop(pod: PodPlace, app: string): Promise<void>;
  /** Takes away what `add` made. The app does not run. */
  remove(pod: PodPlace, app: string): Promise<void>;
}

/** How somebody gets to the streams of an app that was run with such ones. */
export interface Attaching {
  /** What carries the streams between the app and whoever turns into it. */
  attach(pod: PodPlace, app: string, attachment: Attachment): Handover;
  /** Where it finds them. */
  socket(pod: PodPlace, app: string): string;
}

export interface PodPlace {
  readonly folder: string;
  readonly uuid: string;
}
