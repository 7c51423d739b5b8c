/** Reads the running stack's configuration. */
import * as pulumi from "@pulumi/pulumi";
import { namespaceConfig, parseStackConfig } from "./load.ts";
import type { StackConfig } from "./schema.ts";

/** Throws one `RunError`, which Pulumi shows without a stack, that tells all mistakes. */
export function readStackConfig(): StackConfig {
  try {
    return parseStackConfig(namespaceConfig(pulumi.runtime.allConfig(), "rktnetes"));
  } catch (thrown) {
    throw thrown instanceof Error ? new pulumi.RunError(thrown.message, { cause: thrown }) : thrown;
  }
}
