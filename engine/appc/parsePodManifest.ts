import { isIP } from "node:net";
import { readManifest, type ManifestPart } from "./manifestPart.ts";
import { acIdentifierMistake, acNameMistake, imageIdMistake, versionMistake } from "./names.ts";
import type { ExposedPort, Mount, PodManifest, RuntimeApp, RuntimeImage, Volume } from "./podManifest.ts";
import { readAnnotations, readApp, readIsolators, readLabels, readPort } from "./readApp.ts";
import { volumeOf } from "./volume.ts";

/** Throws one Fault that tells every mistake. Fields that appc does not know are passed over. */
export function parsePodManifest(text: string): PodManifest {
  return readManifest(text, "pod manifest", readPodManifest);
}

function readPodManifest(part: ManifestPart): PodManifest {
  if (part.raw("acKind") !== "PodManifest") {
    part.note("acKind", 'missing or bad ACKind (must be "PodManifest")', part.raw("acKind"));
  }
  const apps = part.parts("apps").map(readRuntimeApp);
  const volumes = part.parts("volumes").flatMap(readVolume);
  part.refuseTwice(
    "apps",
    apps.map(({ name }) => name),
    (name) => `duplicate apps of name ${JSON.stringify(name)}`,
  );
  part.refuseTwice(
    "volumes",
    volumes.map(({ name }) => name),
    (name) => `duplicate volume name ${JSON.stringify(name)}`,
  );
  return {
    acKind: "PodManifest",
    acVersion: part.judgedText("acVersion", (version) =>
      version === "" ? "acVersion must be set" : versionMistake(version),
    ),
    apps,
    volumes,
    isolators: readIsolators(part),
    annotations: readAnnotations(part),
    ports: part.parts("ports").map(readExposedPort),
    userAnnotations: part.record("userAnnotations"),
    userLabels: part.record("userLabels"),
  };
}

function readRuntimeApp(part: ManifestPart): RuntimeApp {
  const image = part.part("image");
  const app = part.part("app");
  if (image === undefined) part.note("image", "image must be set");
  return {
    name: part.judgedText("name", acNameMistake),
    image: image === undefined ? { id: "", labels: [] } : readImage(image),
    ...(app !== undefined && { app: readApp(app) }),
    readOnlyRootFS: part.flag("readOnlyRootFS") ?? false,
    mounts: part.parts("mounts").map(readMount),
    annotations: readAnnotations(part),
  };
}

function readImage(part: ManifestPart): RuntimeImage {
  const name = part.text("name");
  if (name !== undefined) part.judge("name", acIdentifierMistake(name), name);
  return {
    id: part.judgedText("id", imageIdMistake),
    ...(name !== undefined && { name }),
    labels: readLabels(part),
  };
}

function readMount(part: ManifestPart): Mount {
  const appVolume = part.part("appVolume");
  const volume = appVolume === undefined ? [] : readVolume(appVolume);
  return {
    volume: part.judgedText("volume", (name) => (name === "" ? "volume must be set" : acNameMistake(name))),
    path: part.requiredText("path"),
    ...(volume[0] !== undefined && { appVolume: volume[0] }),
  };
}

/** A list of one; of none where something is wrong with it. */
function readVolume(part: ManifestPart): readonly Volume[] {
  const volume = volumeOf({
    name: part.text("name"),
    kind: part.text("kind"),
    source: part.text("source"),
    readOnly: part.flag("readOnly"),
    recursive: part.flag("recursive"),
    mode: part.text("mode"),
    uid: part.count("uid", 0, 2 ** 32 - 2),
    gid: part.count("gid", 0, 2 ** 32 - 2),
  });
  if (typeof volume !== "string") return [volume];
  part.note(undefined, volume);
  return [];
}

function readExposedPort(part: ManifestPart): ExposedPort {
  const hostIP = part.text("hostIP") ?? "";
  if (hostIP !== "" && isIP(hostIP) === 0) part.note("hostIP", "must be an IP address", hostIP);
  const podPort = part.part("podPort");
  const inside = podPort === undefined ? undefined : readPort(podPort);
  return {
    name: part.judgedText("name", acNameMistake),
    hostPort: part.count("hostPort", 0, 65535) ?? 0,
    ...(hostIP !== "" && { hostIP }),
    ...(inside !== undefined && {
      podPort: { name: inside.name, protocol: inside.protocol, port: inside.port },
    }),
  };
}
