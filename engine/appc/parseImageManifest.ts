import type { Dependency, ImageManifest } from "./imageManifest.ts";
import { readManifest, type ManifestPart } from "./manifestPart.ts";
import { acIdentifierMistake, imageIdMistake, versionMistake } from "./names.ts";
import { readAnnotations, readApp, readLabels } from "./readApp.ts";

/** Throws one Fault that tells every mistake. Fields that appc does not know are passed over. */
export function parseImageManifest(text: string): ImageManifest {
  return readManifest(text, "image manifest", readImageManifest);
}

function readImageManifest(part: ManifestPart): ImageManifest {
  if (part.raw("acKind") !== "ImageManifest") {
    part.note("acKind", 'missing or bad ACKind (must be "ImageManifest")', part.raw("acKind"));
  }
  const app = part.part("app");
  return {
    acKind: "ImageManifest",
    acVersion: part.judgedText("acVersion", (version) =>
      version === "" ? "acVersion must be set" : versionMistake(version),
    ),
    name: part.judgedText("name", (name) => (name === "" ? "name must be set" : acIdentifierMistake(name))),
    labels: readLabels(part),
    ...(app !== undefined && { app: readApp(app) }),
    dependencies: part.parts("dependencies").map(readDependency),
    pathWhitelist: part.texts("pathWhitelist"),
    annotations: readAnnotations(part),
  };
}

function readDependency(part: ManifestPart): Dependency {
  const imageID = part.text("imageID");
  if (imageID !== undefined) part.judge("imageID", imageIdMistake(imageID), imageID);
  const size = part.count("size", 0, Number.MAX_SAFE_INTEGER);
  return {
    imageName: part.judgedText("imageName", (name) =>
      name === "" ? "imageName cannot be empty" : acIdentifierMistake(name),
    ),
    ...(imageID !== undefined && { imageID }),
    labels: readLabels(part),
    ...(size !== undefined && { size }),
  };
}
