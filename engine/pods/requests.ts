/**
 * What a person asks of pods, as plain data: the command line on one side, the pods on the other. Whatever the words
 * alone can tell wrong is refused before a request is made; names of images, pods and networks are still as typed.
 */
import type { Annotation, EnvironmentVariable } from "../appc/imageManifest.ts";
import type { ExposedPort, Mount, Volume } from "../appc/podManifest.ts";
import type { AttachedNetwork, NetworkRequest } from "../network/podNetwork.ts";
import type { NameResolution } from "../network/nameResolution.ts";

/** `rkt prepare`, and the first half of `rkt run`. */
export interface PrepareRequest {
  readonly content: ImagesOfPod | ManifestOfPod;
  readonly stage1: Stage1Choice;
  readonly privateUsers: boolean;
  readonly noOverlay: boolean;
}

/** A pod put together on the command line. */
export interface ImagesOfPod {
  readonly from: "images";
  /** At least one. */
  readonly apps: readonly AppRequest[];
  readonly volumes: readonly Volume[];
  /** For every app; an app's own mount at the same path wins. */
  readonly mounts: readonly Mount[];
  readonly ports: readonly ExposedPort[];
  readonly pullPolicy: PullPolicy;
  /** Gives the caller's environment to the apps, below what their images set. */
  readonly inheritEnvironment: boolean;
  /**
   * From --set-env-file and then --set-env, each name once. They win over the image and lose to an app's own
   * `environment`.
   */
  readonly setEnvironment: readonly EnvironmentVariable[];
  /** Of the pod. */
  readonly annotations: readonly Annotation[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}

/** A pod manifest written by somebody else; its images are in the store already. */
export interface ManifestOfPod {
  readonly from: "manifest";
  readonly path: string;
}

/** An image and the flags that followed it. What is undefined or empty stays as the image has it. */
export interface AppRequest {
  /** An image id, a path, a URL or a name. */
  readonly image: string;
  /** A signature that lies elsewhere than beside the image. */
  readonly signature?: string;
  /** An AC name; from the image's name by default. */
  readonly name?: string;
  /** Replaces the first word of the image's command line and drops the rest. */
  readonly exec?: string;
  /** Appended to the command line. */
  readonly arguments: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
  readonly group?: string;
  readonly supplementaryGids?: readonly number[];
  readonly environment: readonly EnvironmentVariable[];
  readonly readOnlyRootfs?: boolean;
  readonly mounts: readonly Mount[];
  /** Quantities such as `64Mi` and `500m`, known to be well-formed. */
  readonly memory?: string;
  readonly cpu?: string;
  readonly cpuShares?: number;
  readonly oomScoreAdj?: number;
  /** At most one of the two. */
  readonly capsRetain?: readonly string[];
  readonly capsRemove?: readonly string[];
  readonly seccomp?: SeccompRequest;
  readonly annotations: readonly Annotation[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
  readonly stdin?: StreamMode;
  readonly stdout?: StreamMode;
  readonly stderr?: StreamMode;
}

export interface SeccompRequest {
  readonly mode: "retain" | "remove";
  /** A name such as `EPERM`; the default of the mode if undefined. */
  readonly errno?: string;
  readonly syscalls: readonly string[];
}

/** `interactive` exists for stdin only. */
export type StreamMode = "null" | "stream" | "tty" | "log" | "interactive";

export type PullPolicy = "never" | "new" | "update";

/** Which image isolates the pod. */
export type Stage1Choice =
  /** What configuration and package say. */
  | { readonly from: "default" }
  | { readonly from: "url" | "path" | "name" | "hash"; readonly value: string }
  /** A file name in the folder of stage1 images. */
  | { readonly from: "folder"; readonly fileName: string };

/** What a pod gets only when it starts. */
export interface StartRequest {
  readonly networks: NetworkRequest["networks"];
  /** From --dns* and --hosts-entry, as `parseNameFlags` reads them. */
  readonly names: NameResolution;
  /** `rkt-<uuid>` by default. */
  readonly hostname?: string;
  readonly ipc: "auto" | "private" | "parent";
  readonly mdsRegister: boolean;
  readonly interactive: boolean;
}

/** `rkt run`. Does not return where it succeeds: the process becomes the pod. */
export interface RunRequest {
  readonly prepare: PrepareRequest;
  readonly start: StartRequest;
  /** Gets the pod's uuid before anything can go wrong. */
  readonly uuidFileSave?: string;
}

/** `rkt run-prepared`. */
export interface RunPreparedRequest {
  readonly uuid: string;
  readonly start: StartRequest;
}

/** `rkt enter`. */
export interface EnterRequest {
  readonly uuid: string;
  /** The pod's only app by default. */
  readonly app?: string;
  /** `/bin/bash` by default. */
  readonly command: readonly string[];
}

/** `rkt stop`. */
export interface StopRequest {
  readonly uuids: readonly string[];
  readonly force: boolean;
}

/** `rkt rm`. */
export interface RemoveRequest {
  readonly uuids: readonly string[];
}

/** `rkt gc`. */
export interface CollectRequest {
  readonly gracePeriodMilliseconds: number;
  readonly expirePreparedMilliseconds: number;
  /** Moves exited pods to the garbage, and removes nothing. */
  readonly markOnly: boolean;
}

/** `rkt status`. */
export interface StatusRequest {
  readonly uuid: string;
  readonly waitReady: Waiting;
  readonly waitFinished: Waiting;
}

export type Waiting =
  | { readonly wait: false }
  | { readonly wait: true; /** Forever if undefined. */ readonly milliseconds?: number };

/** `rkt export`. */
export interface ExportRequest {
  readonly uuid: string;
  /** The pod's only app by default. */
  readonly app?: string;
  readonly output: string;
  readonly overwrite: boolean;
}

/** What `rkt list` and `rkt status` show of a pod. */
export interface PodView {
  readonly uuid: string;
  readonly state: PodState;
  /** Milliseconds since 1970; undefined where the pod never came that far. */
  readonly createdAt?: number;
  readonly startedAt?: number;
  readonly networks: readonly AttachedNetwork[];
  /** Empty while the manifest is not there yet. */
  readonly apps: readonly AppView[];
  /** The pod's first process on the host. */
  readonly pid?: number;
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}

export type PodState =
  | "embryo"
  | "preparing"
  | "aborted prepare"
  | "prepared"
  | "running"
  | "deleting"
  | "exited deleting"
  | "exited"
  | "exited garbage"
  | "garbage";

export interface AppView {
  readonly name: string;
  readonly imageId: string;
  /** With its version label, e.g. `example.com/nginx:1.27`. */
  readonly imageName: string;
  readonly state: "unknown" | "created" | "running" | "exited";
  readonly createdAt?: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
  readonly mounts: readonly {
    readonly name: string;
    readonly containerPath: string;
    readonly hostPath: string;
    readonly readOnly: boolean;
  }[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}
