import type { Command } from "./command.ts";

/** Each command's code, loaded when it is called. What is missing here is not offered. */
export const implementations: Readonly<Record<string, () => Promise<Command>>> = {
  "app add": async () => (await import("./commands/appAdd.ts")).appAdd,
  "app exec": async () => (await import("./commands/enter.ts")).enter,
  "app list": async () => (await import("./commands/appList.ts")).appList,
  "app rm": async () => (await import("./commands/appChange.ts")).appRm,
  "app sandbox": async () => (await import("./commands/appSandbox.ts")).appSandbox,
  "app start": async () => (await import("./commands/appChange.ts")).appStart,
  "app status": async () => (await import("./commands/appList.ts")).appStatus,
  "app stop": async () => (await import("./commands/appChange.ts")).appStop,
  "api-service": async () => (await import("./commands/apiService.ts")).apiService,
  "cat-manifest": async () => (await import("./commands/catManifest.ts")).catManifest,
  completion: async () => (await import("./commands/completion.ts")).completion,
  config: async () => (await import("./commands/config.ts")).config,
  enter: async () => (await import("./commands/enter.ts")).enter,
  export: async () => (await import("./commands/export.ts")).exportApp,
  fetch: async () => (await import("./commands/fetch.ts")).fetch,
  gc: async () => (await import("./commands/gc.ts")).gc,
  "image build": async () => (await import("./commands/imageBuild.ts")).imageBuild,
  "image cat-manifest": async () => (await import("./commands/imageCatManifest.ts")).imageCatManifest,
  "image export": async () => (await import("./commands/imageExport.ts")).imageExport,
  "image extract": async () => (await import("./commands/imageExtract.ts")).imageExtract,
  "image fetch": async () => (await import("./commands/fetch.ts")).fetch,
  "image gc": async () => (await import("./commands/imageGc.ts")).imageGc,
  "image list": async () => (await import("./commands/imageList.ts")).imageList,
  "image render": async () => (await import("./commands/imageRender.ts")).imageRender,
  "image rm": async () => (await import("./commands/imageRm.ts")).imageRm,
  "image verify": async () => (await import("./commands/imageVerify.ts")).imageVerify,
  list: async () => (await import("./commands/list.ts")).list,
  "metadata-service": async () => (await import("./commands/metadataService.ts")).metadataService,
  prepare: async () => (await import("./commands/prepare.ts")).prepare,
  rm: async () => (await import("./commands/rm.ts")).rm,
  run: async () => (await import("./commands/run.ts")).run,
  "run-prepared": async () => (await import("./commands/runPrepared.ts")).runPrepared,
  status: async () => (await import("./commands/status.ts")).status,
  stop: async () => (await import("./commands/stop.ts")).stop,
  trust: async () => (await import("./commands/trust.ts")).trust,
  version: async () => (await import("./commands/version.ts")).version,
};

/** Flags that nothing behind the command line answers to yet. Whoever types one is told so, and gets no pod without it. */
export const missingFlags: ReadonlySet<string> = new Set([
  "private-users",
  "stderr",
  "stdin",
  "stdout",
]);
