import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../../errors/fault.ts";
import type { Flavour, MutableApps } from "../../../stage1/contract.ts";
import { enforceable } from "../../../stage1/enforcement.ts";
import { serializePodManifest } from "../../appc/serialize.ts";
import type { PodManifest } from "../../appc/podManifest.ts";
import { locked } from "../../store/lock.ts";
import { replaceFileSync } from "../../wholeFiles.ts";
import { appRoot } from "../appRoot.ts";
import { findPod } from "../findPod.ts";
import { flavourOf } from "../flavourOfPod.ts";
import { planPod } from "../manifestOfPod.ts";
import type { PodParts } from "../parts.ts";
import { inPod, mutableAnnotation } from "../podFolders.ts";
import type { PodOnDisk } from "../podState.ts";
import { readManifest } from "../podView.ts";
import { cannotOverlay, makeEmptyVolumes, placeApp, renderChecked } from "../preparePod.ts";
import type { AppRequest } from "../requests.ts";

/** `rkt app add`. */
export interface AddRequest {
  readonly uuid: string;
  readonly app: AppRequest;
}

interface ChangingPod {
  readonly pod: PodOnDisk;
  readonly manifest: PodManifest;
  readonly flavour: Flavour["name"];
  readonly apps: MutableApps;
}

/** Adds an app whose image is in the store. It runs once it is started. Gives its name. */
export async function addApp(parts: PodParts, request: AddRequest): Promise<string> {
  return await changing(parts, request.uuid, async ({ pod, manifest, flavour, apps }) => {
    const image = await parts.fetch(request.app, "never");
    const { manifest: planned } = planPod(
      {
        from: "images",
        apps: [request.app],
        volumes: [],
        mounts: [],
        ports: [],
        pullPolicy: "never",
        inheritEnvironment: false,
        setEnvironment: [],
        annotations: [],
        userAnnotations: {},
        userLabels: {},
      },
      [image],
      {},
    );
    const [app] = planned.apps;
    if (app === undefined) throw new Error("nothing was planned");
    if (manifest.apps.some(({ name }) => name === app.name)) {
      throw new Fault({
        what: `app "${app.name}" already exists in the pod`,
        remedy: "give it another --name",
      });
    }
    const tree = await renderChecked(parts, await parts.store(), image);
    makeEmptyVolumes(pod.folder, planned);
    await placeApp(pod.folder, app.name, tree, { copying: cannotOverlay(parts) });
    const volumes = [
      ...manifest.volumes.filter(({ name }) => !planned.volumes.some((own) => own.name === name)),
      ...planned.volumes,
    ];
    // The app is in the manifest before it can run: what is half added is found there, and removed by name.
    writeManifest(pod.folder, { ...manifest, volumes, apps: [...manifest.apps, app] });
    const { apps: enforced, warnings } = enforceable([app], flavour);
    for (const warning of warnings) parts.context.report.warn(warning);
    const root = appRoot(parts.context.folders.data, pod.folder, app.name);
    for (const each of enforced) await apps.add(pod, each, root);
    return app.name;
  });
}

export async function startApp(parts: PodParts, uuid: string, app: string): Promise<void> {
  await changing(parts, uuid, async ({ pod, manifest, apps }) => {
    writeFileSync(join(pod.folder, inPod.appStarted(knownApp(manifest, app))), "");
    await apps.start(pod, app);
  });
}

export async function stopApp(parts: PodParts, uuid: string, app: string): Promise<void> {
  await changing(parts, uuid, async ({ pod, manifest, apps }) => {
    await apps.stop(pod, knownApp(manifest, app));
  });
}

/** Removes an app that does not run, with everything that it wrote. */
export async function removeApp(parts: PodParts, uuid: string, app: string): Promise<void> {
  await changing(parts, uuid, async ({ pod, manifest, apps }) => {
    await apps.remove(pod, knownApp(manifest, app));
    const folders = [inPod.appRootfs(app), join(inPod.overlay, app), dirname(inPod.appTree(app))];
    for (const folder of folders) rmSync(join(pod.folder, folder), { recursive: true, force: true });
    writeManifest(pod.folder, { ...manifest, apps: manifest.apps.filter(({ name }) => name !== app) });
  });
}

/** One change of a pod at a time. */
async function changing<T>(
  parts: PodParts,
  uuid: string,
  change: (pod: ChangingPod) => Promise<T>,
): Promise<T> {
  const pod = findPod(parts.context.folders.data, uuid);
  if (pod.state !== "running") throw new Fault({ what: `pod "${pod.uuid}" is not running`, got: pod.state });
  const flavour = flavourOf(pod.folder);
  const { apps } = await parts.flavour(flavour);
  const lock = join(pod.folder, inPod.manifestLock);
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(lock, "", { flag: "a" });
  return await locked(lock, "exclusive", async () => {
    const manifest = readManifest(pod.folder);
    if (manifest === undefined) throw new Error(`pod ${pod.uuid} has no manifest`);
    const isMutable = manifest.annotations.some(
      ({ name, value }) => name === mutableAnnotation && value === "true",
    );
    if (!isMutable || apps === undefined) {
      throw new Fault({
        what: "immutable pod",
        got: pod.uuid,
        remedy: "rkt app sandbox makes one that can change",
      });
    }
    return await change({ pod, manifest, flavour, apps });
  });
}

function knownApp(manifest: PodManifest, app: string): string {
  if (manifest.apps.some(({ name }) => name === app)) return app;
  throw new Fault({
    what: `pod has no app "${app}"`,
    allowed: manifest.apps.map(({ name }) => name).join(", ") || "none",
  });
}

function writeManifest(folder: string, manifest: PodManifest): void {
  replaceFileSync(join(folder, inPod.manifest), serializePodManifest(manifest), { mode: 0o640 });
}
