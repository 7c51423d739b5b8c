/** Manifests as text: the fields in the order in which rkt writes them, what is empty left out where rkt leaves it out. */
import type { App, Dependency, ImageManifest } from "./imageManifest.ts";
import type { ExposedPort, Mount, PodManifest, RuntimeApp, Volume } from "./podManifest.ts";

export function serializeImageManifest(manifest: ImageManifest, indent?: string): string {
  const { acKind, acVersion, name, labels, app, annotations, dependencies, pathWhitelist } = manifest;
  return JSON.stringify(
    {
      acKind,
      acVersion,
      name,
      ...filled({ labels: labels.map(pair) }),
      ...(app !== undefined && { app: appFields(app) }),
      ...filled({
        annotations: annotations.map(pair),
        dependencies: dependencies.map(dependencyFields),
        pathWhitelist,
      }),
    },
    undefined,
    indent,
  );
}

export function serializePodManifest(manifest: PodManifest, indent?: string): string {
  const { acVersion, acKind, apps, volumes, isolators, annotations, ports } = manifest;
  return JSON.stringify(
    {
      acVersion,
      acKind,
      apps: apps.map(runtimeAppFields),
      volumes: volumes.map(volumeFields),
      isolators: isolators.map(({ name, value }) => ({ name, value })),
      annotations: annotations.map(pair),
      ports: ports.map(exposedPortFields),
      ...filled({ userAnnotations: manifest.userAnnotations, userLabels: manifest.userLabels }),
    },
    undefined,
    indent,
  );
}

function appFields(app: App): object {
  return {
    exec: app.exec,
    ...filled({ eventHandlers: app.eventHandlers.map(({ name, exec }) => ({ name, exec })) }),
    user: app.user,
    group: app.group,
    ...filled({ supplementaryGIDs: app.supplementaryGIDs }),
    ...(app.workingDirectory !== undefined && { workingDirectory: app.workingDirectory }),
    ...filled({
      environment: app.environment.map(pair),
      mountPoints: app.mountPoints.map(({ name, path, readOnly }) => ({
        name,
        path,
        ...(readOnly && { readOnly }),
      })),
      ports: app.ports.map(({ name, protocol, port, count, socketActivated }) => ({
        name,
        protocol,
        port,
        count,
        socketActivated,
      })),
      isolators: app.isolators.map(({ name, value }) => ({ name, value })),
      userAnnotations: app.userAnnotations,
      userLabels: app.userLabels,
    }),
  };
}

function dependencyFields({ imageName, imageID, labels, size }: Dependency): object {
  return {
    imageName,
    ...(imageID !== undefined && { imageID }),
    ...filled({ labels: labels.map(pair) }),
    ...(size !== undefined && { size }),
  };
}

function runtimeAppFields({ name, image, app, readOnlyRootFS, mounts, annotations }: RuntimeApp): object {
  return {
    name,
    image: {
      ...(image.name !== undefined && { name: image.name }),
      id: image.id,
      ...filled({ labels: image.labels.map(pair) }),
    },
    ...(app !== undefined && { app: appFields(app) }),
    ...(readOnlyRootFS && { readOnlyRootFS }),
    ...filled({ mounts: mounts.map(mountFields), annotations: annotations.map(pair) }),
  };
}

function mountFields({ volume, path, appVolume }: Mount): object {
  return { volume, path, ...(appVolume !== undefined && { appVolume: volumeFields(appVolume) }) };
}

function volumeFields(volume: Volume): object {
  const { name, kind, readOnly } = volume;
  return volume.kind === "host"
    ? { name, kind, source: volume.source, readOnly, recursive: volume.recursive }
    : { name, kind, ...(readOnly && { readOnly }), mode: volume.mode, uid: volume.uid, gid: volume.gid };
}

function exposedPortFields({ name, hostPort, hostIP, podPort }: ExposedPort): object {
  return {
    name,
    hostPort,
    ...(hostIP !== undefined && { hostIP }),
    ...(podPort !== undefined && {
      podPort: {
        name: podPort.name,
        protocol: podPort.protocol,
        port: podPort.port,
        count: 1,
        socketActivated: false,
      },
    }),
  };
}

function pair({ name, value }: { readonly name: string; readonly value: string }): object {
  return { name, value };
}

/** Without the fields that hold nothing. */
function filled(fields: Readonly<Record<string, object>>): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) =>
      Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0,
    ),
  );
}
