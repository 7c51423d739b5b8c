import type { Dependency } from "../appc/imageManifest.ts";
import { Fault } from "../../errors/fault.ts";
import { digest } from "./lateCrypto.ts";
import type { ImageId, StoredImage } from "./records.ts";

/** One image's part in a tree. */
export interface TreePart {
  readonly image: StoredImage;
  /** The path whitelists that hold for it: its own, and those of the images that build upon it. */
  readonly whitelists: readonly (readonly string[])[];
}

export type FindDependency = (dependency: Dependency) => Promise<StoredImage | undefined>;

/** Nobody nests deeper who means well. */
const DEEPEST = 64;
const MOST_PARTS = 1000;

/**
 * The images a tree is made of, from the one that is put down first to the image itself, which is last and wins. What
 * an image depends on comes before it, in the order in which it says so.
 */
export async function treeParts(image: StoredImage, find: FindDependency): Promise<readonly TreePart[]> {
  const parts: TreePart[] = [];
  await add(image, [], []);
  return parts;

  async function add(
    current: StoredImage,
    whitelistsAbove: readonly (readonly string[])[],
    way: readonly ImageId[],
  ): Promise<void> {
    const { manifest, record } = current;
    if (way.includes(record.id)) {
      throw new Fault({
        what: "the image depends on itself",
        got: [...way, record.id].join(" needs "),
      });
    }
    if (way.length >= DEEPEST || parts.length >= MOST_PARTS) {
      throw new Fault({ what: `the image ${image.record.name} has too many dependencies` });
    }
    const whitelists =
      manifest.pathWhitelist.length === 0 ? whitelistsAbove : [...whitelistsAbove, manifest.pathWhitelist];
    for (const dependency of manifest.dependencies) {
      await add(await found(dependency, current, find), whitelists, [...way, record.id]);
    }
    parts.push({ image: current, whitelists });
  }
}

async function found(
  dependency: Dependency,
  dependent: StoredImage,
  find: FindDependency,
): Promise<StoredImage> {
  const image = await find(dependency);
  const labels = dependency.labels.map(({ name, value }) => `,${name}=${value}`).join("");
  const wanted = `${dependency.imageName}${labels}`;
  if (image === undefined) {
    throw new Fault({
      what: `the image ${dependent.record.name} depends on ${wanted}, which is not in the store`,
      ...(dependency.imageID !== undefined && { allowed: dependency.imageID }),
      remedy: `rkt fetch ${wanted}`,
    });
  }
  // An id says which bytes; a name that goes with it must be theirs.
  if (image.manifest.name !== dependency.imageName) {
    throw new Fault({
      what: `the image ${dependent.record.name} depends on ${wanted} by an id that belongs to another image`,
      got: image.manifest.name,
    });
  }
  return image;
}

/** Bears on trees only: raised when trees are made in another way, so that older ones are not taken for such. */
const TREE_FORMAT = "2";

/**
 * The name of a tree follows from what it is made of, so a new version of a dependency makes a new tree. An image that
 * depends on no other is a hash already.
 */
export function treeIdOf(parts: readonly TreePart[]): string {
  const [only, ...others] = parts.map(({ image }) => image.record.id);
  if (only !== undefined && others.length === 0) return `deps-${only}`;
  return `deps-sha512-${digest("sha512", [TREE_FORMAT, only, ...others].join(",")).slice(0, 64)}`;
}

/**
 * Which paths of a part are wanted. As with rkt, an image's own whitelist leaves its directories; one further up takes
 * those that nothing on it needs.
 */
export function wantedBy({
  image,
  whitelists,
}: TreePart): ((path: string, isDirectory: boolean) => boolean) | undefined {
  if (whitelists.length === 0) return undefined;
  const own = image.manifest.pathWhitelist.length > 0 ? whitelists.at(-1) : undefined;
  const lists = whitelists.map((paths) => ({ isOwn: paths === own, ...normalized(paths) }));
  return (path, isDirectory) =>
    path === "" ||
    lists.every(
      ({ isOwn, listed, above }) => listed.has(path) || (isDirectory && (isOwn || above.has(path))),
    );
}

function normalized(paths: readonly string[]): { listed: ReadonlySet<string>; above: ReadonlySet<string> } {
  const listed = new Set<string>();
  const above = new Set<string>();
  for (const path of paths) {
    // Names of archives are compared as bytes, a character each.
    const parts = Buffer.from(path)
      .toString("latin1")
      .split("/")
      .filter((part) => part !== "" && part !== ".");
    listed.add(parts.join("/"));
    for (let length = parts.length - 1; length > 0; length--) above.add(parts.slice(0, length).join("/"));
  }
  return { listed, above };
}
