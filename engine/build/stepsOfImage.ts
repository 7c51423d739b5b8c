/** Does a description's steps, one after the other, to an image's files. */
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { Fault } from "../../errors/fault.ts";
import type { ImageManifest } from "../appc/imageManifest.ts";
import { serializeImageManifest } from "../appc/serialize.ts";
import type { PodParts } from "../pods/parts.ts";
import type { ImageId } from "../store/records.ts";
import type { BaseImage, BuildRequest } from "./buildImage.ts";
import { copiedSource } from "./copySource.ts";
import type { Ownership, RunStep, Step } from "./description.ts";
import { describe, ImageTree, keyOf, noAttributes, type LeafEntry } from "./imageTree.ts";
import { applyChanges, forgetMountPoints, mountPointsOf } from "./overlayChanges.ts";
import { packTree } from "./packTree.ts";
import { RunningSteps } from "./runningSteps.ts";
import { readDiskTree } from "./treeOnDisk.ts";

export interface StepsSetting extends Pick<BuildRequest, "network" | "dns" | "engine"> {
  /** The description's folder. */
  readonly context: string;
  readonly manifest: ImageManifest;
  readonly time: number;
  readonly base: BaseImage | undefined;
}

export class StepsOfImage {
  readonly #parts: PodParts;
  readonly #setting: StepsSetting;
  /** The pods of steps that follow each other, and whose changes the tree has not got yet. */
  #running: RunningSteps | undefined;
  /** Pods whose files are in the tree: they stay until the archive is written. */
  readonly #done: RunningSteps[] = [];
  /** Images that were put into the store for steps to run in. */
  readonly #made: ImageId[] = [];
  #tree: ImageTree;
  /** Whether the tree is still that of the image that is built upon. */
  #untouched: boolean;

  constructor(parts: PodParts, setting: StepsSetting) {
    this.#parts = parts;
    this.#setting = setting;
    this.#tree = setting.base?.tree ?? new ImageTree();
    this.#untouched = setting.base !== undefined;
  }

  /** The tree at the end. What it is read from is there until `finish`. */
  async take(steps: readonly Step[]): Promise<ImageTree> {
    for (const [index, step] of steps.entries()) {
      const where = `steps[${index}].${step.does}`;
      this.#parts.context.report.debug(`build: ${where}`);
      if (step.does === "run") {
        await this.#run(step, where);
        continue;
      }
      await this.#gatherChanges();
      this.#untouched = false;
      try {
        await this.#change(step);
      } catch (error) {
        throw inStep(error, where);
      }
    }
    await this.#gatherChanges();
    return this.#tree;
  }

  async finish(): Promise<void> {
    for (const pods of [...this.#done, ...(this.#running === undefined ? [] : [this.#running])])
      await pods.finish();
    if (this.#made.length === 0) return;
    const [{ openStore }, { dropTree }] = await Promise.all([
      import("../store/openStore.ts"),
      import("../store/dropTree.ts"),
    ]);
    const store = await openStore(this.#parts.context);
    for (const id of this.#made) {
      await dropTree(store, id);
      await store.remove(id);
    }
  }

  async #change(step: Exclude<Step, RunStep>): Promise<void> {
    const tree = this.#tree;
    switch (step.does) {
      case "copy": {
        const to = keyOf(step.to);
        const { report } = this.#parts.context;
        const copied = await copiedSource(this.#setting.context, step, (text) => {
          report.warn(text);
        });
        if (copied.kind !== "folder") {
          tree.put(to, copied);
          return;
        }
        const isNew = tree.at(to, "followed") === undefined;
        const folder = tree.folder(to);
        if (isNew) describe(folder, copied);
        tree.merge(folder, copied, step.keep);
        return;
      }
      case "write":
        tree.put(keyOf(step.to), {
          kind: "file",
          content: { from: "bytes", bytes: Buffer.from(step.text) },
          ...owned(step, 0o644),
        });
        return;
      case "link":
        tree.put(keyOf(step.to), {
          kind: "link",
          target: keyOf(step.target),
          ...owned({ uid: 0, gid: 0 }, 0o777),
        });
        return;
      case "folder":
        describe(tree.folder(keyOf(step.to)), owned(step, 0o755));
        return;
      case "remove":
        tree.remove(keyOf(step.path));
        return;
    }
  }

  async #run(step: RunStep, where: string): Promise<void> {
    this.#running ??= await this.#startRunning();
    await this.#running.run(step, where);
  }

  /** Steps run in an image of the store: the one that is built upon, or one of what the tree is by now. */
  async #startRunning(): Promise<RunningSteps> {
    const { engine, network, dns, manifest, base } = this.#setting;
    const image = this.#untouched && base !== undefined ? base.id : await this.#intermediate();
    return new RunningSteps(engine, { image, network, dns, environment: manifest.app?.environment ?? [] });
  }

  async #intermediate(): Promise<ImageId> {
    const store = await this.#parts.store();
    const { manifest, time } = this.#setting;
    // A name that nobody else can have, and two builds of one thing do not share.
    const name = `step-${randomBytes(8).toString("hex")}.build.invalid`;
    const text = serializeImageManifest({ ...manifest, name, dependencies: [], pathWhitelist: [] });
    const { record } = await store.importAci(Readable.from(packTree(text, this.#tree, time)), {
      latest: false,
      verification: { by: "nothing", reason: "made by rkt image build, for its steps" },
    });
    this.#made.push(record.id);
    return record.id;
  }

  /** Brings into the tree what the pods have changed. */
  async #gatherChanges(): Promise<void> {
    const ended = this.#running?.ended;
    if (this.#running === undefined || ended === undefined) return;
    this.#done.push(this.#running);
    this.#running = undefined;
    this.#untouched = false;
    const { report } = this.#parts.context;
    const warn = (text: string): void => {
      report.warn(text);
    };
    // Nobody listens any more at what a step's programs have left of that kind.
    const changes = await readDiskTree(ended.changes.folder, warn, "without sockets");
    const had = mountPointsOf(this.#tree);
    if (ended.changes.kind === "whole") this.#tree = changes.tree;
    else applyChanges(this.#tree, changes);
    forgetMountPoints(this.#tree, (path) => had.has(path));
  }
}

function owned(
  { mode, uid, gid }: Ownership,
  otherwise: number,
): Pick<LeafEntry, "mode" | "uid" | "gid" | "mtime" | "attributes"> {
  return { mode: mode ?? otherwise, uid, gid, mtime: undefined, attributes: noAttributes };
}

function inStep(error: unknown, where: string): unknown {
  if (!(error instanceof Fault)) return error;
  const place = error.details.where === undefined ? where : `${where}: ${error.details.where}`;
  return new Fault({ ...error.details, where: place });
}
