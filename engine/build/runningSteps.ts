/** Steps that run: each in a pod of the engine's own, with what the one before it changed. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { App } from "../appc/imageManifest.ts";
import { serializePodManifest } from "../appc/serialize.ts";
import { inPod, podFolder } from "../pods/podFolders.ts";
import type { ImageId } from "../store/records.ts";
import type { RunStep } from "./description.ts";

/** How this very command is called, with the folders that it was given. */
export interface EngineCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly data: string;
}

export interface StepsToRun {
  readonly image: ImageId;
  readonly environment: App["environment"];
  readonly network: string;
  readonly dns: readonly string[];
}

/** A pod that has ended, in whose folder is what its app changed. */
export interface EndedPod {
  readonly uuid: string;
  /** The overlay's upper folder, or the whole root where there is no overlay. */
  readonly changes: { readonly kind: "overlay" | "whole"; readonly folder: string };
}

/** The one app of a step's pod. */
const app = "step";

export class RunningSteps {
  readonly #engine: EngineCall;
  readonly #setting: StepsToRun;
  #last: EndedPod | undefined;

  constructor(engine: EngineCall, setting: StepsToRun) {
    this.#engine = engine;
    this.#setting = setting;
  }

  /** Undefined while nothing ran. */
  get ended(): EndedPod | undefined {
    return this.#last;
  }

  async run(step: RunStep, where: string): Promise<void> {
    const uuid = await this.#prepare(step);
    try {
      await this.#takeOver(changesIn(podFolder(this.#engine.data, "prepared", uuid)).folder);
      const { network, dns } = this.#setting;
      const { code, signal } = await this.#call([
        "run-prepared",
        `--net=${network}`,
        ...dns.map((server) => `--dns=${server}`),
        uuid,
      ]);
      if (code !== 0) {
        throw new Fault({
          what: "a step of the description failed",
          where,
          got: `${step.exec.join(" ")}: ${code === null ? `ended by ${signal ?? "a signal"}` : `exit code ${code}`}`,
          ...(network === "none" && {
            remedy: "if it needs a network, allow it one: --net=default or --net=host",
          }),
        });
      }
      this.#last = { uuid, changes: changesIn(podFolder(this.#engine.data, "run", uuid)) };
    } catch (error) {
      await this.#remove(uuid);
      throw error;
    }
  }

  /** What the last step changed becomes what the next one finds. */
  async #takeOver(place: string): Promise<void> {
    if (this.#last === undefined) return;
    rmSync(place, { recursive: true, force: true });
    renameSync(this.#last.changes.folder, place);
    await this.finish();
  }

  /** Takes the last pod away. */
  async finish(): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined) await this.#remove(last.uuid);
  }

  async #prepare(step: RunStep): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "rkt-build-"));
    try {
      const manifest = join(folder, "pod");
      writeFileSync(manifest, this.#podManifest(step));
      const { code, said } = await this.#call([
        "prepare",
        "--quiet",
        "--stage1-name=coreos.com/rkt/stage1-oci",
        `--pod-manifest=${manifest}`,
      ]);
      const uuid = said.trim();
      if (code === 0 && uuid !== "") return uuid;
      throw new Fault({
        what: "the pod of a step could not be prepared",
        got: `exit code ${code ?? "none"}`,
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Without mount points, ports and limits: those are for whoever runs the image, not for whoever makes it. */
  #podManifest(step: RunStep): string {
    const variables = new Map(this.#setting.environment.map(({ name, value }) => [name, value]));
    for (const [name, value] of Object.entries(step.environment)) variables.set(name, value);
    return serializePodManifest({
      acKind: "PodManifest",
      acVersion: "0.8.11",
      apps: [
        {
          name: app,
          image: { id: this.#setting.image, labels: [] },
          app: {
            exec: step.exec,
            user: step.user ?? "0",
            group: step.group ?? "0",
            supplementaryGIDs: [],
            eventHandlers: [],
            workingDirectory: step.workingDirectory ?? "/",
            environment: [...variables].map(([name, value]) => ({ name, value })),
            mountPoints: [],
            ports: [],
            isolators: [],
            userAnnotations: {},
            userLabels: {},
          },
          readOnlyRootFS: false,
          mounts: [],
          annotations: [],
        },
      ],
      volumes: [],
      isolators: [],
      annotations: [],
      ports: [],
      userAnnotations: {},
      userLabels: {},
    });
  }

  async #remove(uuid: string): Promise<void> {
    await this.#call(["rm", uuid]);
  }

  /** Whoever ends this command ends the step; what the step says goes where this command's own words go. */
  #call(words: readonly string[]): Promise<{ code: number | null; signal: string | null; said: string }> {
    const { program, args } = this.#engine;
    return new Promise((resolve, reject) => {
      const runs = words[0] === "run-prepared";
      const line = [program, ...args, ...words];
      // Whatever ends this command ends the step: a pod whose changes nobody waits for would go on for nothing.
      const [first = "", ...rest] = runs ? ["setpriv", "--pdeathsig", "KILL", "--", ...line] : line;
      const child = spawn(first, rest, { stdio: ["ignore", runs ? 2 : "pipe", 2] });
      let said = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      const pass = (signal: NodeJS.Signals): void => {
        child.kill(signal);
      };
      process.on("SIGINT", pass).on("SIGTERM", pass);
      const over = (): void => {
        process.off("SIGINT", pass).off("SIGTERM", pass);
      };
      child.on("error", (error) => {
        over();
        reject(error);
      });
      child.on("close", (code, signal) => {
        over();
        resolve({ code, signal, said });
      });
    });
  }
}

function changesIn(folder: string): EndedPod["changes"] {
  const overlay = join(folder, inPod.overlay, app, "upper");
  return existsSync(overlay)
    ? { kind: "overlay", folder: overlay }
    : { kind: "whole", folder: join(folder, inPod.appRootfs(app)) };
}
