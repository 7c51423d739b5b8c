/**
 * Runs on a lab host: makes a pod's folder by hand and becomes what a flavour hands over, as stage0 does.
 *
 *   node drive-flavour.ts run FLAVOUR FOLDER PLAN      PLAN is a HandmadePod as JSON
 *   node drive-flavour.ts enter FLAVOUR FOLDER APP COMMAND…
 *   node drive-flavour.ts stop FLAVOUR FOLDER [force]
 *   node drive-flavour.ts collect FLAVOUR FOLDER
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { App } from "../../../engine/appc/imageManifest.ts";
import type { PodManifest, RuntimeApp } from "../../../engine/appc/podManifest.ts";
import { nothingInsecure } from "../../../engine/insecureOptions.ts";
import type { AppToRun, Flavour, Handover, PodToRun } from "../../../stage1/contract.ts";

export interface HandmadePod extends Partial<
  Omit<PodToRun, "manifest" | "apps" | "folder" | "uuid" | "insecure" | "stage1Root">
> {
  readonly insecure?: Partial<PodToRun["insecure"]>;
  readonly apps: readonly HandmadeApp[];
  readonly volumes?: PodManifest["volumes"];
  /** The tree that every app's root is laid over, or copied from by the test. */
  readonly tree: string;
  readonly copied?: boolean;
}

export interface HandmadeApp extends Partial<App> {
  readonly name: string;
  readonly exec: readonly string[];
  readonly mounts?: RuntimeApp["mounts"];
  readonly readOnlyRootFS?: boolean;
}

async function flavourNamed(name: string): Promise<Flavour> {
  switch (name) {
    case "fly":
      return (await import("../../../stage1/fly/fly.ts")).fly;
    case "host":
      return (await import("../../../stage1/host/host.ts")).host;
    case "kvm":
      return (await import("../../../stage1/kvm/kvm.ts")).kvm;
    default:
      throw new Error(`no flavour ${name}`);
  }
}

function makePod(folder: string, made: HandmadePod): PodToRun {
  const { apps, volumes = [], tree, copied = false, insecure = {}, ...rest } = made;
  const target = (name: string): string => join(folder, "stage1/rootfs/opt/stage2", name, "rootfs");
  const layer = (name: string, which: string): string => join(folder, "overlay", name, which);
  for (const { name } of apps) {
    mkdirSync(target(name), { recursive: true });
    mkdirSync(join(folder, "appsinfo", name), { recursive: true });
    mkdirSync(join(folder, "stage1/rootfs/rkt/status"), { recursive: true });
    if (!copied) for (const which of ["upper", "work"]) mkdirSync(layer(name, which), { recursive: true });
  }
  const manifest: PodManifest = {
    acKind: "PodManifest",
    acVersion: "0.8.11",
    apps: apps.map(runtimeApp),
    volumes,
    isolators: [],
    annotations: [],
    ports: [],
    userAnnotations: {},
    userLabels: {},
  };
  writeFileSync(join(folder, "pod"), JSON.stringify(manifest));
  const uuid = basename(folder);
  return {
    leader: process.pid,
    network: { kind: "host" },
    networks: [],
    hostname: `rkt-${uuid}`,
    interactive: false,
    mutable: false,
    debug: false,
    ipc: "auto",
    resolvConf: "none",
    hosts: "default",
    ...rest,
    uuid,
    folder,
    manifest,
    insecure: { ...nothingInsecure, ...insecure },
    apps: apps.map(({ name }): AppToRun => {
      return copied
        ? { name, root: { kind: "copy", target: target(name) } }
        : {
            name,
            root: {
              kind: "overlay",
              lower: tree,
              upper: layer(name, "upper"),
              work: layer(name, "work"),
              target: target(name),
            },
          };
    }),
  };
}

function runtimeApp({ name, mounts = [], readOnlyRootFS = false, ...app }: HandmadeApp): RuntimeApp {
  return {
    name,
    image: { id: `sha512-${"0".repeat(64)}`, name: `example.com/${name}`, labels: [] },
    readOnlyRootFS,
    mounts,
    annotations: [],
    app: {
      user: "0",
      group: "0",
      supplementaryGIDs: [],
      eventHandlers: [],
      environment: [],
      mountPoints: [],
      ports: [],
      isolators: [],
      userAnnotations: {},
      userLabels: {},
      ...app,
    },
  };
}

function become({ program, arguments: words, environment }: Handover): never {
  if (process.env["RKT_TEST_SHOW"] !== undefined) {
    process.stderr.write(`${JSON.stringify([program, ...words])}\n`);
  }
  if (process.execve === undefined) throw new Error("this Node cannot replace itself");
  return process.execve(program, [program, ...words], environment);
}

const [verb = "", name = "", folder = "", ...words] = process.argv.slice(2);
const flavour = await flavourNamed(name);
const pod = { folder, uuid: basename(folder), apps: [] };
try {
  switch (verb) {
    case "run":
      become(await flavour.run(makePod(folder, JSON.parse(words[0] ?? "") as HandmadePod)));
    // eslint-disable-next-line no-fallthrough -- become never returns
    case "enter":
      become(await flavour.enter(pod, words[0] ?? "", words.slice(1)));
    // eslint-disable-next-line no-fallthrough -- become never returns
    case "stop":
      await flavour.stop(pod, words[0] === "force");
      break;
    case "collect":
      await flavour.collect(pod);
      break;
    default:
      throw new Error(`no verb ${verb}`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 254;
}
