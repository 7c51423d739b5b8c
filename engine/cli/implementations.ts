import type { Command } from "./command.ts";

/** Each command's code, loaded when it is called. What is missing here is not offered. */
export const implementations: Readonly<Record<string, () => Promise<Command>>> = {
  "cat-manifest": async () => (await import("./commands/catManifest.ts")).catManifest,
  completion: async () => (await import("./commands/completion.ts")).completion,
  config: async () => (await import("./commands/config.ts")).config,
  enter: async () => (await import("./commands/enter.ts")).enter,
  export: async () => (await import("./commands/export.ts")).exportApp,
  gc: async () => (await import("./commands/gc.ts")).gc,
  list: async () => (await import("./commands/list.ts")).list,
  prepare: async () => (await import("./commands/prepare.ts")).prepare,
  rm: async () => (await import("./commands/rm.ts")).rm,
  run: async () => (await import("./commands/run.ts")).run,
  "run-prepared": async () => (await import("./commands/runPrepared.ts")).runPrepared,
  status: async () => (await import("./commands/status.ts")).status,
  stop: async () => (await import("./commands/stop.ts")).stop,
  version: async () => (await import("./commands/version.ts")).version,
};
