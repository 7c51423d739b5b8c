import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { parsePodManifest } from "../appc/parsePodManifest.ts";
import { serializeImageManifest, serializePodManifest } from "../appc/serialize.ts";
import type { PodManifest } from "../appc/podManifest.ts";
import type { RenderedTree, StoredImage } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import { emptyVolumeFolder } from "../../stage1/appMounts.ts";
import type { Flavour } from "../../stage1/contract.ts";
import type { UserRange } from "../../stage1/users/mappedMounts.ts";
import { completeManifest, planPod, type PlannedPod } from "./manifestOfPod.ts";
import { ownPod } from "./owner.ts";
import type { PodParts } from "./parts.ts";
import { inPod, podFolder, type PodStage } from "./podFolders.ts";
import { overlayObstacle } from "./overlay.ts";
import { copyTree } from "./copyTree.ts";
import type { PrepareRequest } from "./requests.ts";

export interface PreparedPod {
  readonly uuid: string;
  readonly folder: string;
  readonly manifest: PodManifest;
  readonly flavour: Flavour["name"];
}

/** How roots come about, and whose they are. */
interface Placing {
  /** As copies of trees, and not as overlays over them. */
  readonly copying: boolean;
  /** Of the host's users, those that are the pod's own. */
  readonly users?: UserRange;
}

/** Brings a pod as far as it can come before it runs, and moves it to where `stage` says. This process owns it. */
export async function preparePod(
  parts: PodParts,
  request: PrepareRequest,
  stage: Extract<PodStage, "prepared" | "run">,
  onUuid?: (uuid: string) => void,
): Promise<PreparedPod> {
  const { context } = parts;
  const stage1 = await parts.chooseStage1(request.stage1);
  if (request.privateUsers) (await import("./privateUsers.ts")).refusePrivateUsers(stage1.flavour);
  const store = await parts.store();
  const { planned, images } = await planRequest(parts, store, request);
  for (const warning of planned.warnings) context.report.warn(warning);
  refuseMissingSources(planned.manifest);
  // Locks are taken by another program, which meanwhile goes beside this one. Who fails is told below.
  for (const { record } of images) store.use(record.id).catch(() => undefined);

  const uuid = newUuid();
  onUuid?.(uuid);
  const folder = startPodFolder(context.folders.data, uuid);
  const settled = podFolder(context.folders.data, stage, uuid);
  writeFileSync(join(folder, inPod.flavor), stage1.flavour);
  const flavour = await parts.flavour(stage1.flavour);
  if (stage === "run") flavour.begin?.({ uuid, folder: settled, leader: process.pid }, folder);
  const trees = await Promise.all(images.map((image) => renderChecked(parts, store, image)));
  const placing = await choosePlacing(parts, request, folder, stage1.flavour);
  if (stage1.flavour === "foreign") await placeStage1(parts, store, folder, stage1.image, placing);
  await fillPodFolder(folder, planned.manifest, trees, placing);
  mkdirSync(dirname(settled), { recursive: true, mode: 0o750 });
  renameSync(folder, settled);
  return { uuid, folder: settled, manifest: planned.manifest, flavour: stage1.flavour };
}

async function planRequest(
  parts: PodParts,
  store: Store,
  { content }: PrepareRequest,
): Promise<{ readonly planned: PlannedPod; readonly images: readonly StoredImage[] }> {
  if (content.from === "images") {
    const images: StoredImage[] = [];
    // One after the other: two apps of one image would otherwise fetch it twice.
    for (const app of content.apps) images.push(await parts.fetch(app, content.pullPolicy));
    return { planned: planPod(content, images, process.env), images };
  }
  const manifest = parsePodManifest(readFileSync(content.path, "utf8"));
  const images = await Promise.all(manifest.apps.map((app) => store.byId(app.image.id)));
  return { planned: completeManifest(manifest, images), images };
}

async function choosePlacing(
  parts: PodParts,
  request: PrepareRequest,
  folder: string,
  flavour: Flavour["name"],
): Promise<Placing> {
  const copying = request.noOverlay || cannotOverlay(parts);
  if (!request.privateUsers) return { copying };
  const { canMapOwners, takePrivateUsers } = await import("./privateUsers.ts");
  const users = await takePrivateUsers(parts.context.folders.data, folder);
  // A foreign stage1 is told who its users are, and finds roots that are theirs.
  return { copying: copying || flavour === "foreign" || !(await canMapOwners(folder, users)), users };
}

/** The kernel's, which spares loading a library for sixteen bytes. */
function newUuid(): string {
  return readFileSync("/proc/sys/kernel/random/uuid", "utf8").trim();
}

/** A pod is born where nothing is expected to be whole, with its owner's name in it before anybody can look. */
function startPodFolder(data: string, uuid: string): string {
  const embryo = podFolder(data, "embryo", uuid);
  mkdirSync(embryo, { recursive: true, mode: 0o750 });
  ownPod(embryo);
  const folder = podFolder(data, "prepare", uuid);
  mkdirSync(dirname(folder), { recursive: true, mode: 0o750 });
  renameSync(embryo, folder);
  return folder;
}

export async function renderChecked(
  parts: PodParts,
  store: Store,
  image: StoredImage,
): Promise<RenderedTree> {
  await store.use(image.record.id);
  const tree = await store.render(image.record.id);
  if (!parts.context.insecure.ondisk) await store.checkTree(tree.id);
  return tree;
}

async function fillPodFolder(
  folder: string,
  manifest: PodManifest,
  trees: readonly RenderedTree[],
  placing: Placing,
): Promise<void> {
  replaceFileSync(join(folder, inPod.manifest), serializePodManifest(manifest), { mode: 0o640 });
  mkdirSync(join(folder, inPod.statuses), { recursive: true, mode: 0o755 });
  makeEmptyVolumes(folder, manifest, placing.users);
  for (const [index, app] of manifest.apps.entries()) {
    const tree = trees[index];
    if (tree === undefined) throw new Error(`no tree for app ${app.name}`);
    await placeApp(folder, app.name, tree, placing);
  }
  writeFileSync(join(folder, inPod.created), "");
}

/** Folders for the volumes that begin empty, of the pod and of single apps. */
export function makeEmptyVolumes(
  folder: string,
  { volumes, apps }: PodManifest,
  users: Pick<UserRange, "first"> = { first: 0 },
): void {
  const own = apps.flatMap(({ mounts }) => mounts.flatMap(({ appVolume }) => appVolume ?? []));
  for (const volume of [...volumes, ...own]) {
    if (volume.kind !== "empty") continue;
    const place = emptyVolumeFolder(folder, volume.name);
    mkdirSync(place, { recursive: true });
    chownSync(place, users.first + volume.uid, users.first + volume.gid);
    chmodSync(place, Number.parseInt(volume.mode, 8));
  }
}

/** Where an app's root will be, and what it is made of. */
export async function placeApp(
  folder: string,
  app: string,
  tree: RenderedTree,
  placing: Placing,
): Promise<void> {
  const target = join(folder, inPod.appRootfs(app));
  mkdirSync(target, { recursive: true, mode: 0o755 });
  mkdirSync(join(folder, dirname(inPod.appTree(app))), { recursive: true });
  writeFileSync(join(folder, inPod.appTree(app)), tree.id);
  await placeRoot(tree, target, join(folder, inPod.overlay, app), placing);
}

/** The image that is to run the pod, under the names that the published interface gives its parts. */
async function placeStage1(
  parts: PodParts,
  store: Store,
  folder: string,
  image: StoredImage,
  placing: Placing,
): Promise<void> {
  const tree = await renderChecked(parts, store, image);
  const target = join(folder, inPod.stage1Rootfs);
  mkdirSync(target, { recursive: true, mode: 0o755 });
  writeFileSync(join(folder, inPod.stage1Manifest), serializeImageManifest(image.manifest));
  writeFileSync(join(folder, inPod.stage1Tree), tree.id);
  await placeRoot(tree, target, join(folder, inPod.stage1Overlay), placing);
}

async function placeRoot(
  tree: RenderedTree,
  target: string,
  overlay: string,
  { copying, users }: Placing,
): Promise<void> {
  if (!copying) {
    makeUpper(overlay, tree.rootfs, users?.first ?? 0);
    return;
  }
  await copyTree(tree.rootfs, target);
  if (users !== undefined) await (await import("./privateUsers.ts")).giveTree(target, users);
}

/** The merged root has the attributes of its upper folder, so that one takes those of the image's root. */
function makeUpper(overlay: string, lower: string, firstUser: number): void {
  mkdirSync(join(overlay, "work"), { recursive: true, mode: 0o700 });
  const upper = join(overlay, "upper");
  const root = statSync(lower);
  mkdirSync(upper);
  chownSync(upper, firstUser + root.uid, firstUser + root.gid);
  chmodSync(upper, root.mode & 0o7777);
}

export function cannotOverlay(parts: PodParts): boolean {
  const obstacle = overlayObstacle(parts.context.folders.data);
  if (obstacle === undefined) return false;
  parts.context.report.warn(`disabling overlay support: ${obstacle}`);
  return true;
}

function refuseMissingSources(manifest: PodManifest): void {
  for (const volume of manifest.volumes) {
    if (volume.kind !== "host" || statSync(volume.source, { throwIfNoEntry: false }) !== undefined) continue;
    throw new Fault({
      what: `error setting up stage0: error: source of volume "${volume.name}" does not exist`,
      got: volume.source,
      remedy: "make it first, or name another source",
    });
  }
}
