import type { Isolator } from "../appc/imageManifest.ts";

/**
 * What `rkt image build` makes an image from. Where `from` names an image to build upon, what is not said here is as
 * that image has it; `null` takes something of it away.
 */
export interface Description {
  /** The image's name; that of `from` by default. */
  readonly name?: string | undefined;
  /** An image to build upon: whatever `rkt fetch` takes, verified as there. A path counts from the description's folder. */
  readonly from?: string | undefined;
  /** Of every file of the image, in seconds since 1970. `SOURCE_DATE_EPOCH` in the environment wins. */
  readonly time?: number | undefined;
  /** `os` and `arch` are this machine's by default. */
  readonly labels: Changes<string>;
  readonly annotations: Changes<string>;
  readonly dependencies?: readonly DescribedDependency[] | undefined;
  readonly pathWhitelist?: readonly string[] | undefined;
  readonly exec?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly supplementaryGIDs?: readonly number[] | undefined;
  readonly workingDirectory?: string | undefined;
  readonly environment: Changes<string>;
  readonly ports: Changes<DescribedPort>;
  readonly mountPoints: Changes<DescribedMountPoint>;
  readonly isolators: Changes<Isolator["value"]>;
  readonly eventHandlers: Readonly<
    Partial<Record<"pre-start" | "post-stop", readonly string[] | null | undefined>>
  >;
  readonly userAnnotations: Changes<string>;
  readonly userLabels: Changes<string>;
  /** What is done to the image's files, one after the other. */
  readonly steps: readonly Step[];
}

/** By name; null takes away what the image that is built upon has under it. */
export type Changes<T> = Readonly<Record<string, T | null>>;

export interface DescribedDependency {
  readonly imageName: string;
  readonly imageID?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface DescribedPort {
  readonly protocol: string;
  readonly port: number;
  readonly count?: number | undefined;
  readonly socketActivated?: boolean | undefined;
}

export interface DescribedMountPoint {
  readonly path: string;
  readonly readOnly?: boolean | undefined;
}

export type Step = CopyStep | WriteStep | LinkStep | FolderStep | RemoveStep | RunStep;

/** A file, or all that is in a folder, of the description's folder. */
export interface CopyStep extends Ownership {
  readonly does: "copy";
  readonly source: string;
  readonly to: string;
  /** Modes, owners, links and times as they are found: for the root of a system. Otherwise all belongs to uid and gid. */
  readonly keep: boolean;
}

/** A text as a file. */
export interface WriteStep extends Ownership {
  readonly does: "write";
  readonly text: string;
  readonly to: string;
}

/** A symbolic link. */
export interface LinkStep {
  readonly does: "link";
  readonly target: string;
  readonly to: string;
}

export interface FolderStep extends Ownership {
  readonly does: "folder";
  readonly to: string;
}

export interface RemoveStep {
  readonly does: "remove";
  readonly path: string;
}

/** A command that changes the image's files, in a pod of them. */
export interface RunStep {
  readonly does: "run";
  readonly exec: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly group?: string;
  readonly workingDirectory?: string;
}

export interface Ownership {
  /** Permission bits; for files that are copied: 0755 where the owner may execute, else 0644. */
  readonly mode?: number;
  readonly uid: number;
  readonly gid: number;
}
