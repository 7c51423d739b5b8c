/** The parts that image manifests and pod manifests share. */
import { isolatorMistake, isolatorSetMistake } from "./isolators.ts";
import type { Annotation, App, EventHandler, Isolator, Label, MountPoint, Port } from "./imageManifest.ts";
import type { ManifestPart } from "./manifestPart.ts";
import { acIdentifierMistake, acNameMistake, environmentNameMistake } from "./names.ts";

const mostUserId = 2 ** 32 - 2;

export function readApp(part: ManifestPart): App {
  const workingDirectory = part.text("workingDirectory") ?? "";
  if (workingDirectory !== "" && !workingDirectory.startsWith("/")) {
    part.note("workingDirectory", "workingDirectory must be an absolute path", workingDirectory);
  }
  return {
    exec: part.texts("exec"),
    user: part.requiredText("user", "user is required"),
    group: part.requiredText("group", "group is required"),
    supplementaryGIDs: part.list("supplementaryGIDs").flatMap((value, index) => {
      if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= mostUserId)
        return [value];
      part.note(`supplementaryGIDs[${index}]`, "must be a group id", value);
      return [];
    }),
    eventHandlers: readEventHandlers(part),
    ...(workingDirectory !== "" && { workingDirectory }),
    environment: readEnvironment(part),
    mountPoints: part.parts("mountPoints").map(readMountPoint),
    ports: part.parts("ports").map(readPort),
    isolators: readIsolators(part),
    userAnnotations: part.record("userAnnotations"),
    userLabels: part.record("userLabels"),
  };
}

export function readLabels(part: ManifestPart): readonly Label[] {
  const labels = part.parts("labels").map(readPair);
  const names = labels.map(({ name }) => name);
  if (names.includes("name")) part.note("labels", 'invalid label name: "name"');
  part.refuseTwice("labels", names, (name) => `duplicate labels of name ${JSON.stringify(name)}`);
  part.judge("labels", platformMistake(new Map(labels.map(({ name, value }) => [name, value]))));
  return labels;
}

export function readAnnotations(part: ManifestPart): readonly Annotation[] {
  const annotations = part.parts("annotations").map(readPair);
  part.refuseTwice(
    "annotations",
    annotations.map(({ name }) => name),
    (name) => `duplicate annotations of name ${JSON.stringify(name)}`,
  );
  for (const { name, value } of annotations) {
    if (name === "created" && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) {
      part.note("annotations", "created must be a date such as 2006-01-02T15:04:05Z", value);
    }
    if ((name === "homepage" || name === "documentation") && !/^https?:/.test(value)) {
      part.note("annotations", `${name} must be an http or https URL`, value);
    }
  }
  return annotations;
}

export function readIsolators(part: ManifestPart): readonly Isolator[] {
  const isolators = part.parts("isolators").map((each): Isolator => {
    const isolator = { name: each.judgedText("name", acIdentifierMistake), value: each.raw("value") ?? null };
    if (isolator.name !== "") each.judge("value", isolatorMistake(isolator));
    return isolator;
  });
  part.judge("isolators", isolatorSetMistake(isolators));
  return isolators;
}

export function readPort(part: ManifestPart): Port {
  const port = part.count("port", 1, 65535);
  if (port === undefined && part.raw("port") === undefined)
    part.note("port", "port must be in 1-65535 range");
  const count = part.count("count", 0, 65535) ?? 1;
  if ((port ?? 1) + count > 65536) part.note("count", "end of port range must be in 1-65535 range", count);
  return {
    name: part.judgedText("name", acNameMistake),
    protocol: part.text("protocol") ?? "",
    port: port ?? 0,
    count: count === 0 ? 1 : count,
    socketActivated: part.flag("socketActivated") ?? false,
  };
}

function readEventHandlers(part: ManifestPart): readonly EventHandler[] {
  const handlers = part.parts("eventHandlers").flatMap((each): EventHandler[] => {
    const name = each.text("name") ?? "";
    const exec = each.texts("exec");
    if (name === "pre-start" || name === "post-stop") return [{ name, exec }];
    each.note(
      "name",
      name === ""
        ? 'eventHandler "name" cannot be empty'
        : `bad eventHandler "name": ${JSON.stringify(name)}`,
    );
    return [];
  });
  part.refuseTwice(
    "eventHandlers",
    handlers.map(({ name }) => name),
    (name) => `Only one eventHandler of name ${JSON.stringify(name)} allowed`,
  );
  return handlers;
}

function readEnvironment(part: ManifestPart): App["environment"] {
  const variables = part.parts("environment").map((each) => ({
    name: each.judgedText("name", environmentNameMistake),
    value: each.text("value") ?? "",
  }));
  part.refuseTwice(
    "environment",
    variables.map(({ name }) => name),
    (name) => `duplicate environment variable of name ${JSON.stringify(name)}`,
  );
  return variables;
}

function readMountPoint(part: ManifestPart): MountPoint {
  return {
    name: part.judgedText("name", acNameMistake),
    path: part.requiredText("path"),
    readOnly: part.flag("readOnly") ?? false,
  };
}

function readPair(part: ManifestPart): Label {
  return { name: part.judgedText("name", acIdentifierMistake), value: part.text("value") ?? "" };
}

const architectures: Readonly<Record<string, readonly string[]>> = {
  linux: [
    "amd64",
    "i386",
    "aarch64",
    "aarch64_be",
    "armv6l",
    "armv7l",
    "armv7b",
    "ppc64",
    "ppc64le",
    "s390x",
  ],
  freebsd: ["amd64", "i386", "arm"],
  darwin: ["x86_64", "i386"],
};

function platformMistake(labels: ReadonlyMap<string, string>): string | undefined {
  const os = labels.get("os");
  if (os === undefined) return undefined;
  const known = architectures[os];
  if (known === undefined) {
    return `bad os ${JSON.stringify(os)} (must be one of: [${Object.keys(architectures).sort().join(" ")}])`;
  }
  const arch = labels.get("arch");
  return arch === undefined || known.includes(arch)
    ? undefined
    : `bad arch ${JSON.stringify(arch)} for ${os} (must be one of: [${known.join(" ")}])`;
}
