import type { Command } from "./command.ts";

/** Each command's code, loaded when it is called. What is missing here is not offered. */
export const implementations: Readonly<Record<string, () => Promise<Command>>> = {
  completion: async () => (await import("./commands/completion.ts")).completion,
  config: async () => (await import("./commands/config.ts")).config,
  version: async () => (await import("./commands/version.ts")).version,
};
