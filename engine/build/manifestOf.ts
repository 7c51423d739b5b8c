/** An image's manifest from what is described and what it builds upon. */
import type { App, Dependency, EventHandler, ImageManifest } from "../appc/imageManifest.ts";
import { parseImageManifest } from "../appc/parseImageManifest.ts";
import { serializeImageManifest } from "../appc/serialize.ts";
import { Fault } from "../../errors/fault.ts";
import type { Changes, Description } from "./description.ts";

export interface ManifestFacts {
  /** What is built upon. Its files become the image's own, so nothing of it stays a dependency. */
  readonly base: ImageManifest | undefined;
  /** As appc calls this machine's. */
  readonly architecture: string;
}

export function manifestOf(description: Description, { base, architecture }: ManifestFacts): ImageManifest {
  const name = description.name ?? base?.name;
  if (name === undefined) {
    throw new Fault({
      what: "the image has no name",
      where: "name",
      got: "nothing",
      allowed: "a name such as example.com/app; without one, that of the image in from",
    });
  }
  const platform = base === undefined ? [named("os", "linux"), named("arch", architecture)] : [];
  const app = appOf(description, base?.app);
  const manifest: ImageManifest = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name,
    labels: pairs([...platform, ...(base?.labels ?? [])], description.labels),
    ...(app !== undefined && { app }),
    dependencies: (description.dependencies ?? []).map(({ imageName, imageID, labels = {} }): Dependency => ({
      imageName,
      ...(imageID !== undefined && { imageID }),
      labels: Object.entries(labels).map(([label, value]) => named(label, value)),
    })),
    pathWhitelist: description.pathWhitelist ?? [],
    annotations: pairs(base?.annotations ?? [], description.annotations),
  };
  // Whatever would be refused when somebody fetches the image is refused now.
  return parseImageManifest(serializeImageManifest(manifest));
}

/** An image that says nothing of an app is one to build upon. */
function appOf(described: Description, base: App | undefined): App | undefined {
  const says = [
    described.exec,
    described.user,
    described.group,
    described.supplementaryGIDs,
    described.workingDirectory,
    ...[described.environment, described.ports, described.mountPoints, described.isolators].flatMap(
      Object.keys,
    ),
    ...[described.eventHandlers, described.userAnnotations, described.userLabels].flatMap(Object.keys),
  ].some((value) => value !== undefined);
  if (base === undefined && !says) return undefined;
  const workingDirectory = described.workingDirectory ?? base?.workingDirectory;
  return {
    exec: described.exec ?? base?.exec ?? [],
    user: described.user ?? base?.user ?? "0",
    group: described.group ?? base?.group ?? "0",
    supplementaryGIDs: described.supplementaryGIDs ?? base?.supplementaryGIDs ?? [],
    eventHandlers: eventHandlers(described, base),
    ...(workingDirectory !== undefined && { workingDirectory }),
    environment: pairs(base?.environment ?? [], described.environment),
    mountPoints: changed(
      base?.mountPoints ?? [],
      described.mountPoints,
      (name, { path, readOnly = false }) => ({
        name,
        path,
        readOnly,
      }),
    ),
    ports: changed(
      base?.ports ?? [],
      described.ports,
      (name, { protocol, port, count, socketActivated }) => ({
        name,
        protocol,
        port,
        count: count ?? 1,
        socketActivated: socketActivated ?? false,
      }),
    ),
    isolators: changed(base?.isolators ?? [], described.isolators, (name, value) => ({ name, value })),
    userAnnotations: texts(base?.userAnnotations ?? {}, described.userAnnotations),
    userLabels: texts(base?.userLabels ?? {}, described.userLabels),
  };
}

function eventHandlers(
  { eventHandlers: handlers }: Description,
  base: App | undefined,
): readonly EventHandler[] {
  const found = new Map((base?.eventHandlers ?? []).map((handler) => [handler.name, handler]));
  for (const name of ["pre-start", "post-stop"] as const) {
    const exec = handlers[name];
    if (exec === null) found.delete(name);
    else if (exec !== undefined) found.set(name, { name, exec });
  }
  return [...found.values()];
}

interface Pair {
  readonly name: string;
  readonly value: string;
}

function named(name: string, value: string): Pair {
  return { name, value };
}

function pairs(before: readonly Pair[], changes: Changes<string>): readonly Pair[] {
  return changed(before, changes, named);
}

/** What was there keeps its place; what is new comes after it, in the order in which it is described. */
function changed<Given, Made extends { readonly name: string }>(
  before: readonly Made[],
  changes: Changes<Given>,
  make: (name: string, given: Given) => Made,
): readonly Made[] {
  const found = new Map(before.map((each) => [each.name, each]));
  for (const [name, given] of Object.entries(changes)) {
    if (given === null) found.delete(name);
    else found.set(name, make(name, given));
  }
  return [...found.values()];
}

function texts(
  before: Readonly<Record<string, string>>,
  changes: Changes<string>,
): Readonly<Record<string, string>> {
  const list = Object.entries(before).map(([name, value]) => named(name, value));
  return Object.fromEntries(pairs(list, changes).map(({ name, value }) => [name, value]));
}
