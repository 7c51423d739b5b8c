/** The appc image manifest, as data. `parseImageManifest` turns text into it and says what is wrong with it. */
export interface ImageManifest {
  readonly acKind: "ImageManifest";
  readonly acVersion: string;
  /** An AC identifier, such as `example.com/nginx`. */
  readonly name: string;
  readonly labels: readonly Label[];
  /** Absent in images that are only built upon. */
  readonly app?: App;
  readonly dependencies: readonly Dependency[];
  /** Paths of the rendered root that stay; empty means all. */
  readonly pathWhitelist: readonly string[];
  readonly annotations: readonly Annotation[];
}

export interface Label {
  readonly name: string;
  readonly value: string;
}

export interface Annotation {
  readonly name: string;
  readonly value: string;
}

export interface Dependency {
  readonly imageName: string;
  readonly imageID?: string;
  readonly labels: readonly Label[];
  readonly size?: number;
}

export interface App {
  readonly exec: readonly string[];
  /** A name, a number, or an absolute path whose owner counts. */
  readonly user: string;
  readonly group: string;
  readonly supplementaryGIDs: readonly number[];
  readonly eventHandlers: readonly EventHandler[];
  readonly workingDirectory?: string;
  readonly environment: readonly EnvironmentVariable[];
  readonly mountPoints: readonly MountPoint[];
  readonly ports: readonly Port[];
  readonly isolators: readonly Isolator[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}

export interface EventHandler {
  readonly name: "pre-start" | "post-stop";
  readonly exec: readonly string[];
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

export interface MountPoint {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

export interface Port {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly count: number;
  readonly socketActivated: boolean;
}

/** `value` keeps the form in which its kind is written, e.g. `{ "limit": "64M" }`. */
export interface Isolator {
  readonly name: string;
  readonly value: unknown;
}
