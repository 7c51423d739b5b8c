/**
 * Runs the whole program (index.ts) against an engine that only writes down what is asked for: every resource
 * with its inputs as they are on the wire, secrets in their envelopes. Nothing outside the process is touched.
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { decodeProperties } from "../../provider/protocol/wire.ts";
import { revealProperties, type Properties, type RevealedProperties } from "../../provider/protocol/value.ts";
import { createdOutputs, previewedOutputs, type Registration } from "./recorded-outputs.ts";

export interface Recorded {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly provider: string;
  readonly dependencies: readonly string[];
  readonly deletedWith: string;
  readonly inputs: Properties;
  /** The inputs without secrets' envelopes. */
  readonly plain: RevealedProperties;
}

export interface Run {
  /** In the order in which they were registered. */
  readonly resources: readonly Recorded[];
}

export interface RunOptions {
  /** In a preview nothing is known but what was given. */
  readonly preview?: boolean;
  /** Authorities and leaves of another generation are other texts. */
  readonly generation?: string;
}

let runs = 0;

export async function runProgram(
  config: Readonly<Record<string, unknown>>,
  options: RunOptions = {},
): Promise<Run> {
  const { preview = false, generation = "first" } = options;
  const resources: Recorded[] = [];
  const mocks: pulumi.runtime.Mocks = {
    newResource: (registration: Registration) => {
      const { name, inputs } = registration;
      const outputs = preview ? previewedOutputs(registration) : createdOutputs(registration, generation);
      return { id: `${name}-id`, state: { ...inputs, ...outputs } };
    },
    call: ({ token }) => {
      throw new Error(`the program calls ${token}, which nothing here answers`);
    },
  };
  await pulumi.runtime.setMocks(mocks, "rktnetes", "test", preview, "organization");
  recordRegistrations(resources);
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [`rktnetes:${key}`, JSON.stringify(value)]),
    ),
  );
  runs += 1;
  await orRejection(async () => {
    // A query makes the module a new one, which is run again; what it imports is shared.
    await import(`../../index.ts?run=${runs}`);
    await pulumi.runtime.disconnect();
  });
  return { resources };
}

/** Has the mock engine write down each request before it answers. */
function recordRegistrations(resources: Recorded[]): void {
  const monitor: unknown = pulumi.runtime.getMonitor();
  assert.ok(monitor instanceof MockMonitor);
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request: RegisterResourceRequest, callback: Callback) =>
    register(request, (error: unknown, reply: { getUrn(): string } | undefined) => {
      if (reply !== undefined) resources.push(recordOf(request, reply.getUrn()));
      callback(error, reply);
    });
}

type Callback = (error: unknown, reply: unknown) => void;

function recordOf(request: RegisterResourceRequest, urn: string): Recorded {
  const inputs = decodeProperties(request.getObject());
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    provider: request.getProvider(),
    dependencies: request.getDependenciesList(),
    deletedWith: request.getDeletedwith(),
    inputs,
    plain: revealProperties(inputs),
  };
}

/**
 * A registration that fails leaves a rejected promise that nobody waits for. Node tells of it once all that could
 * have waited has run.
 */
async function orRejection(work: () => Promise<void>): Promise<void> {
  const { promise: rejected, reject } = Promise.withResolvers<never>();
  process.on("unhandledRejection", reject);
  try {
    await Promise.race([work().then(() => setImmediate()), rejected]);
  } finally {
    process.off("unhandledRejection", reject);
  }
}
