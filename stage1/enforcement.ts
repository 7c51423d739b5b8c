/**
 * Which of an app's isolators hold on this host, under a flavour. What cannot be enforced is taken away before the
 * flavour meets it, where it would keep the app from starting or be passed over in silence; whoever runs the pod is told.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Isolator } from "../engine/appc/imageManifest.ts";
import { cpuLimit, memoryLimit, oomScoreAdj } from "../engine/appc/isolators.ts";
import type { RuntimeApp } from "../engine/appc/podManifest.ts";
import { capabilitiesOfMask } from "./capabilities.ts";
import type { Flavour } from "./contract.ts";
import { cgroupRoot } from "./machine.ts";

/** What a host has to enforce with. */
export interface HostMeans {
  /** Controllers of cgroups, such as `memory`. */
  readonly controllers: ReadonlySet<string>;
  /** Whether an app can be spared more than this process when memory runs out: that takes CAP_SYS_RESOURCE. */
  readonly mayLowerOomScore: boolean;
  /** This process's own. */
  readonly oomScoreAdj: number;
}

export interface Enforceable {
  readonly apps: readonly RuntimeApp[];
  /** One sentence for each isolator that was taken away. */
  readonly warnings: readonly string[];
}

const everywhere = [
  "os/linux/capabilities-remove-set",
  "os/linux/capabilities-retain-set",
  "os/linux/no-new-privileges",
];
const limits = ["resource/memory", "resource/cpu"];
const filters = ["os/linux/seccomp-remove-set", "os/linux/seccomp-retain-set"];

/** What each flavour has a way to enforce. A foreign stage1 speaks for itself. */
const enforced: Readonly<Record<Exclude<Flavour["name"], "foreign">, ReadonlySet<string>>> = {
  oci: new Set([
    ...[...everywhere, ...limits, ...filters],
    ...["os/linux/cpu-shares", "os/linux/oom-score-adj", "os/unix/sysctl"],
  ]),
  host: new Set([
    ...[...everywhere, ...limits, ...filters],
    ...["os/linux/cpu-shares", "os/linux/oom-score-adj"],
  ]),
  kvm: new Set([...everywhere, ...limits, "os/linux/oom-score-adj"]),
  fly: new Set(everywhere),
};

const controllers: Readonly<Record<string, string>> = {
  "resource/memory": "memory",
  "resource/cpu": "cpu",
  "os/linux/cpu-shares": "cpu",
};

/** `means` is asked only where an isolator depends on it. */
export function enforceable(
  apps: readonly RuntimeApp[],
  flavour: Flavour["name"],
  means: () => HostMeans = hostMeans,
): Enforceable {
  if (flavour === "foreign") return { apps, warnings: [] };
  const warnings: string[] = [];
  const left = apps.map((runtimeApp) => {
    const { name, app } = runtimeApp;
    if (app === undefined) return runtimeApp;
    const isolators = app.isolators.filter((isolator) => {
      const objection = objectionTo(isolator, flavour, means);
      if (objection === undefined) return true;
      warnings.push(`app "${name}": ${isolator.name} is not enforced: ${objection}`);
      return false;
    });
    return isolators.length === app.isolators.length
      ? runtimeApp
      : { ...runtimeApp, app: { ...app, isolators } };
  });
  return { apps: left, warnings };
}

function objectionTo(
  isolator: Isolator,
  flavour: Exclude<Flavour["name"], "foreign">,
  means: () => HostMeans,
): string | undefined {
  const { name } = isolator;
  if (isEmpty(isolator)) return undefined;
  if (!enforced[flavour].has(name)) return `the ${flavour} flavour has no means to`;
  // What is outside a virtual machine does not bear on what is inside.
  if (flavour === "kvm") return undefined;
  const controller = controllers[name];
  if (controller !== undefined && !means().controllers.has(controller)) {
    return `this host has no ${controller} controller of cgroups`;
  }
  const adjustment = oomScoreAdj([isolator]);
  if (adjustment === undefined) return undefined;
  const { mayLowerOomScore, oomScoreAdj: own } = means();
  return adjustment < own && !mayLowerOomScore ? "CAP_SYS_RESOURCE is missing here" : undefined;
}

/** A request without a limit asks for nothing that could be enforced. */
function isEmpty(isolator: Isolator): boolean {
  switch (isolator.name) {
    case "resource/memory":
      return memoryLimit([isolator]) === undefined;
    case "resource/cpu":
      return cpuLimit([isolator]) === undefined;
    default:
      return false;
  }
}

export function hostMeans(root = cgroupRoot): HostMeans {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return {
    controllers: controllersIn(root),
    mayLowerOomScore: capabilitiesOfMask(effective?.[1] ?? "0").includes("CAP_SYS_RESOURCE"),
    oomScoreAdj: Number(readFileSync("/proc/self/oom_score_adj", "utf8")),
  };
}

/** On cgroup v1 each has a hierarchy of its own, whose folder may be there without it. */
export function controllersIn(root: string): ReadonlySet<string> {
  const unified = join(root, "cgroup.controllers");
  if (existsSync(unified)) return new Set(readFileSync(unified, "utf8").trim().split(" "));
  return new Set(Object.values(controllers).filter((name) => existsSync(join(root, name, "cgroup.procs"))));
}
