import type { Annotation, App, Isolator, Label } from "./imageManifest.ts";

/** The appc pod manifest, as data: what a pod is made of once every image is known by its id. */
export interface PodManifest {
  readonly acKind: "PodManifest";
  readonly acVersion: string;
  readonly apps: readonly RuntimeApp[];
  readonly volumes: readonly Volume[];
  readonly isolators: readonly Isolator[];
  readonly annotations: readonly Annotation[];
  readonly ports: readonly ExposedPort[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}

export interface RuntimeApp {
  /** An AC name, unique in the pod. */
  readonly name: string;
  readonly image: RuntimeImage;
  /** What overrides the image's own app; once a pod is prepared it is always there. */
  readonly app?: App;
  readonly readOnlyRootFS: boolean;
  readonly mounts: readonly Mount[];
  readonly annotations: readonly Annotation[];
}

export interface RuntimeImage {
  readonly id: string;
  readonly name?: string;
  readonly labels: readonly Label[];
}

export interface Mount {
  /** The name of a volume of the pod. */
  readonly volume: string;
  readonly path: string;
  readonly appVolume?: Volume;
}

export type Volume = HostVolume | EmptyVolume;

export interface HostVolume {
  readonly name: string;
  readonly kind: "host";
  readonly source: string;
  readonly readOnly: boolean;
  readonly recursive: boolean;
}

export interface EmptyVolume {
  readonly name: string;
  readonly kind: "empty";
  readonly readOnly: boolean;
  /** Octal, such as `0755`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
}

export interface ExposedPort {
  readonly name: string;
  readonly hostPort: number;
  readonly hostIP?: string;
  /** For ports that no app of the pod declares by name (`rkt app sandbox --port`). */
  readonly podPort?: { readonly name: string; readonly protocol: string; readonly port: number };
}
