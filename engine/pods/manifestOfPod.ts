import { Fault } from "../../errors/fault.ts";
import type { App, EnvironmentVariable, Isolator } from "../appc/imageManifest.ts";
import type { EmptyVolume, Mount, PodManifest, RuntimeApp, Volume } from "../appc/podManifest.ts";
import type { StoredImage } from "../store/records.ts";
import type { AppRequest, ImagesOfPod } from "./requests.ts";

export const appcVersion = "0.8.11";

export interface PlannedPod {
  readonly manifest: PodManifest;
  readonly warnings: readonly string[];
}

/** The manifest of a pod put together on the command line; `images` in the order of the request's apps. */
export function planPod(
  request: ImagesOfPod,
  images: readonly StoredImage[],
  callersEnvironment: Readonly<Record<string, string | undefined>>,
): PlannedPod {
  const inherited: readonly EnvironmentVariable[] = request.inheritEnvironment
    ? Object.entries(callersEnvironment).flatMap(([name, value]) =>
        value === undefined ? [] : [{ name, value }],
      )
    : [];
  const apps = request.apps.map((asked, index) => {
    const image = images[index];
    if (image === undefined) throw new Error(`no image for app ${index}`);
    return planApp(asked, image, request, inherited);
  });
  return settleVolumes({
    acKind: "PodManifest",
    acVersion: appcVersion,
    apps,
    volumes: request.volumes,
    isolators: [],
    annotations: request.annotations,
    ports: request.ports,
    userAnnotations: request.userAnnotations,
    userLabels: request.userLabels,
  });
}

/** A manifest that somebody wrote, with the images' own apps where it has none. `images` in the order of its apps. */
export function completeManifest(manifest: PodManifest, images: readonly StoredImage[]): PlannedPod {
  const apps = manifest.apps.map((app, index): RuntimeApp => {
    const image = images[index];
    if (image === undefined) throw new Error(`no image for app ${index}`);
    return {
      ...app,
      image: { ...app.image, id: image.record.id, name: app.image.name ?? image.manifest.name },
      app: app.app ?? appOfImage(image),
    };
  });
  return settleVolumes({ ...manifest, apps });
}

/** The name of an app where the person gave none: the last part of the image's name, as an AC name. */
export function appNameOf(imageName: string): string {
  const last = imageName.split("/").at(-1) ?? imageName;
  const untagged = last.split(/[:@]/)[0] ?? last;
  const name = untagged
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return name === "" ? "app" : name;
}

function planApp(
  asked: AppRequest,
  image: StoredImage,
  pod: ImagesOfPod,
  inherited: readonly EnvironmentVariable[],
): RuntimeApp {
  const own = appOfImage(image, asked.exec !== undefined);
  const version = image.manifest.labels.find((label) => label.name === "version");
  const app: App = {
    ...own,
    exec: asked.exec === undefined ? [...own.exec, ...asked.arguments] : [asked.exec, ...asked.arguments],
    user: asked.user ?? own.user,
    group: asked.group ?? own.group,
    supplementaryGIDs: asked.supplementaryGids ?? own.supplementaryGIDs,
    ...((asked.workingDirectory ?? own.workingDirectory) !== undefined && {
      workingDirectory: asked.workingDirectory ?? own.workingDirectory ?? "/",
    }),
    environment: laterWins(inherited, own.environment, pod.setEnvironment, asked.environment),
    isolators: replaceIsolators(own.isolators, isolatorsOf(asked)),
    userAnnotations: { ...own.userAnnotations, ...asked.userAnnotations },
    userLabels: { ...own.userLabels, ...asked.userLabels },
  };
  const ownPaths = new Set(asked.mounts.map((mount) => mount.path));
  return {
    name: asked.name ?? appNameOf(image.manifest.name),
    image: {
      id: image.record.id,
      name: image.manifest.name,
      labels: version === undefined ? [] : [version],
    },
    app,
    readOnlyRootFS: asked.readOnlyRootfs ?? false,
    mounts: [...pod.mounts.filter((mount) => !ownPaths.has(mount.path)), ...asked.mounts],
    annotations: [
      ...asked.annotations,
      ...(["stdin", "stdout", "stderr"] as const).flatMap((stream) => {
        const mode = asked[stream];
        return mode === undefined ? [] : [{ name: `coreos.com/rkt/stage2/${stream}`, value: mode }];
      }),
    ],
  };
}

function appOfImage(image: StoredImage, execIsGiven = false): App {
  const app = image.manifest.app;
  if (app !== undefined && (app.exec.length > 0 || execIsGiven)) return app;
  if (!execIsGiven) {
    throw new Fault({
      what: `error setting up stage0: error: image "${image.manifest.name}" has an empty \`exec\` (try --exec=BINARY)`,
      remedy: "name the program to run with --exec=BINARY after the image",
    });
  }
  return {
    exec: [],
    user: "0",
    group: "0",
    supplementaryGIDs: [],
    eventHandlers: [],
    environment: [],
    mountPoints: [],
    ports: [],
    isolators: [],
    userAnnotations: {},
    userLabels: {},
  };
}

function isolatorsOf(asked: AppRequest): readonly Isolator[] {
  const isolators: Isolator[] = [];
  if (asked.memory !== undefined) isolators.push({ name: "resource/memory", value: { limit: asked.memory } });
  if (asked.cpu !== undefined) isolators.push({ name: "resource/cpu", value: { limit: asked.cpu } });
  if (asked.cpuShares !== undefined) isolators.push({ name: "os/linux/cpu-shares", value: asked.cpuShares });
  if (asked.oomScoreAdj !== undefined)
    isolators.push({ name: "os/linux/oom-score-adj", value: asked.oomScoreAdj });
  if (asked.capsRetain !== undefined) {
    isolators.push({ name: "os/linux/capabilities-retain-set", value: { set: asked.capsRetain } });
  }
  if (asked.capsRemove !== undefined) {
    isolators.push({ name: "os/linux/capabilities-remove-set", value: { set: asked.capsRemove } });
  }
  if (asked.seccomp !== undefined) {
    isolators.push({
      name: `os/linux/seccomp-${asked.seccomp.mode}-set`,
      value: {
        set: asked.seccomp.syscalls,
        ...(asked.seccomp.errno !== undefined && { errno: asked.seccomp.errno }),
      },
    });
  }
  return isolators;
}

/** Retaining and removing are one setting, written two ways: either replaces either. */
function replaceIsolators(own: readonly Isolator[], asked: readonly Isolator[]): readonly Isolator[] {
  const settingOf = (isolator: Isolator): string => isolator.name.replace(/-(retain|remove)-set$/, "");
  const replaced = new Set(asked.map(settingOf));
  return [...own.filter((isolator) => !replaced.has(settingOf(isolator))), ...asked];
}

function laterWins(...lists: readonly (readonly EnvironmentVariable[])[]): readonly EnvironmentVariable[] {
  const values = new Map<string, string>();
  for (const { name, value } of lists.flat()) values.set(name, value);
  return [...values].map(([name, value]) => ({ name, value }));
}

/** Every mount has its volume, every mount point of an image its mount; what is missing becomes an empty volume. */
function settleVolumes(manifest: PodManifest): PlannedPod {
  refuseDoubleNames(manifest.apps);
  const volumes = new Map<string, Volume>(manifest.volumes.map((volume) => [volume.name, volume]));
  const warnings: string[] = [];
  const apps = manifest.apps.map((app): RuntimeApp => {
    const mounts: Mount[] = [...app.mounts];
    for (const mount of app.mounts) {
      if (mount.appVolume === undefined && !volumes.has(mount.volume)) {
        throw new Fault({
          what: `error setting up stage0: error: no volume for mount "${mount.volume}" of app "${app.name}"`,
          got: mount.path,
          remedy: `add --volume ${mount.volume},kind=host,source=PATH or --volume ${mount.volume},kind=empty`,
        });
      }
    }
    for (const point of app.app?.mountPoints ?? []) {
      if (mounts.some((mount) => mount.path === point.path)) continue;
      const volume = volumes.get(point.name);
      if (volume === undefined) {
        const made: EmptyVolume = {
          name: `${app.name}-${point.name}`,
          kind: "empty",
          readOnly: false,
          mode: "0755",
          uid: 0,
          gid: 0,
        };
        warnings.push(
          `no volume specified for mount point "${point.name}", implicitly creating an "empty" volume. ` +
            "This volume will be removed when the pod is garbage-collected.",
        );
        volumes.set(made.name, made);
        mounts.push({ volume: made.name, path: point.path });
      } else {
        mounts.push({ volume: volume.name, path: point.path });
      }
    }
    return { ...app, mounts };
  });
  return { manifest: { ...manifest, apps, volumes: [...volumes.values()] }, warnings };
}

function refuseDoubleNames(apps: readonly RuntimeApp[]): void {
  const seen = new Set<string>();
  for (const { name } of apps) {
    if (seen.has(name)) {
      throw new Fault({
        what: `error setting up stage0: error: multiple apps with name ${name}`,
        remedy: "give each image a name of its own with --name, after the image",
      });
    }
    seen.add(name);
  }
}
