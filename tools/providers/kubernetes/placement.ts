/** Creating and updating: server-side apply, then waiting; what went wrong on the way is told in full. */
import { PartialFailure, type OperationContext } from "../../../provider/protocol/resource.ts";
import { secretTexts } from "../../../provider/protocol/redaction.ts";
import type { Properties } from "../../../provider/protocol/value.ts";
import { UnknownKind, type Cluster } from "./api/cluster.ts";
import {
  isMissing,
  isPassing,
  isWaitingForServiceAccount,
  Refusal,
} from "../../../provider/kubernetes/failure.ts";
import { patiently, type Patience } from "../../../provider/kubernetes/patience.ts";
import type { Connection } from "./connection.ts";
import { forcesPatch, timeoutSecondsOf } from "./object/annotation.ts";
import { listAt, objectAt, textAt, without } from "../../../provider/kubernetes/json.ts";
import {
  idOf,
  referenceOf,
  withoutReadOnlyMetadata,
  type Manifest,
  type ObjectReference,
} from "./object/manifest.ts";
import { plainManifest } from "./object/plain.ts";
import { fieldManagerFor, recordOf } from "./object/record.ts";
import { withSecrecy } from "./object/secrecy.ts";
import { adoptedFields, conflictsByHandOnly, withLiveValues } from "./ownership.ts";
import { alreadyExists, faultOf, type Attempt } from "./rejection.ts";
import { untilGone } from "./wait/gone.ts";
import { untilReady } from "./wait/ready.ts";

/** How long something may be missing that another resource may be making right now: a kind, a namespace. */
const NEIGHBOURS_MS = 15_000;

export interface Placement {
  readonly connection: Connection;
  readonly inputs: Properties;
  readonly manifest: Manifest;
  readonly reference: ObjectReference;
  readonly fieldManager: string;
  readonly initialApiVersion: string;
  /** Paths in which the cluster's value stays, whatever the program says. */
  readonly ignoreChanges: readonly string[];
  readonly context: OperationContext;
}

/** What stays of an earlier placement of the same object. */
export interface Kept {
  readonly fieldManager?: string | undefined;
  readonly initialApiVersion?: string | undefined;
  readonly ignoreChanges?: readonly string[] | undefined;
}

export function placementOf(
  connection: Connection,
  inputs: Properties,
  kept: Kept,
  context: OperationContext,
): Placement {
  const manifest = withoutReadOnlyMetadata(plainManifest(inputs));
  const reference = referenceOf(manifest);
  return {
    connection,
    inputs,
    manifest,
    reference,
    fieldManager: fieldManagerFor(manifest, kept.fieldManager, context.urn),
    initialApiVersion: kept.initialApiVersion ?? reference.apiVersion,
    ignoreChanges: kept.ignoreChanges ?? [],
    context,
  };
}

/** Applies without leaving a trace, for a preview. */
export async function rehearse(placement: Placement): Promise<Manifest> {
  const cluster = placement.connection.cluster();
  const wanted = await withIgnored(placement, cluster, await scoped(placement, cluster));
  const options = applyOptions(placement, true);
  try {
    return await cluster.apply(wanted, options);
  } catch (error) {
    if (!(error instanceof Refusal) || !conflictsByHandOnly(error)) throw error;
    return cluster.apply(wanted, { ...options, force: true });
  }
}

/** A patch takes from nobody what it does not name. */
export type Manner = "create" | "update" | "patch";

/** Applies and waits. What is applied but does not become ready is recorded as a partial failure. */
export async function place(
  placement: Placement,
  manner: Manner,
): Promise<{ id: string; outputs: Properties }> {
  const { connection, context, manifest } = placement;
  const cluster = connection.cluster();
  const attempt = attemptOf(placement);
  const timeoutSeconds = timeoutSecondsOf(manifest, context.timeoutSeconds);
  let applied: Manifest;
  try {
    applied = await patiently(patienceFor(placement, timeoutSeconds), async () => {
      const wanted = await scoped(placement, cluster);
      if (manner === "create") await makeWay(placement, cluster, referenceOf(wanted), timeoutSeconds);
      const due = manner === "update" ? await takeUp(placement, cluster, wanted) : wanted;
      return cluster.apply(due, applyOptions(placement, false));
    });
  } catch (error) {
    throw faultOf(error, attempt);
  }
  connection.markBack();
  if (placement.reference.kind === "CustomResourceDefinition") cluster.forgetKinds();
  const reference = referenceOf(applied);
  try {
    const { signal, log } = context;
    const ready = await untilReady({ cluster, object: applied, timeoutSeconds, signal, log });
    return { id: idOf(reference), outputs: outputsOf(placement, ready) };
  } catch (error) {
    const last = await lastSeen(cluster, reference, applied);
    const fault = faultOf(error, attempt);
    throw new PartialFailure(idOf(reference), outputsOf(placement, last), placement.inputs, fault);
  }
}

/** Gives up the fields a manager owns: those that nobody else owns go. */
export async function relinquish(
  cluster: Cluster,
  reference: ObjectReference,
  fieldManager: string,
  signal: AbortSignal,
): Promise<void> {
  const { apiVersion, kind, name, namespace } = reference;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  await cluster.apply({ apiVersion, kind, metadata }, { fieldManager, force: true, dryRun: false, signal });
}

export function outputsOf(placement: Placement, live: Manifest): Properties {
  const { inputs, fieldManager, initialApiVersion } = placement;
  return recordOf({ live, inputs, fieldManager, initialApiVersion });
}

export function attemptOf({ reference, fieldManager, inputs }: Placement): Attempt {
  return { reference, fieldManager, secrets: secretTexts(withSecrecy(inputs, inputs)) };
}

/** Without the namespace that was assumed for a kind which turns out to belong to the whole cluster. */
async function scoped(placement: Placement, cluster: Cluster): Promise<Manifest> {
  const { manifest, reference, context } = placement;
  if (reference.namespace === undefined) return manifest;
  const served = await cluster.resolve(reference, context.signal);
  if (served.namespaced) return manifest;
  return { ...manifest, metadata: without(objectAt(manifest, "metadata"), "namespace") };
}

/** Waits for the end of an object on its way out; one that exists and is not ours is not silently taken over. */
async function makeWay(
  placement: Placement,
  cluster: Cluster,
  reference: ObjectReference,
  timeoutSeconds: number,
): Promise<void> {
  const { signal, log } = placement.context;
  const existing = await cluster.get(reference, signal);
  if (existing === undefined) return;
  if (textAt(existing, "metadata", "deletionTimestamp") !== undefined) {
    const uid = textAt(existing, "metadata", "uid");
    await untilGone({ cluster, reference, uid, timeoutSeconds, signal, log });
    return;
  }
  if (placement.connection.settings.upsertExistingObjects) return;
  const managers = listAt(existing, "metadata", "managedFields").map(
    (entry) => textAt(entry, "manager") ?? "",
  );
  // Ours: a run that was interrupted had made it, and could not record that.
  if (managers.includes(placement.fieldManager)) return;
  throw alreadyExists(attemptOf(placement), [...new Set(managers)]);
}

async function withIgnored(placement: Placement, cluster: Cluster, wanted: Manifest): Promise<Manifest> {
  const { context, ignoreChanges } = placement;
  if (ignoreChanges.length === 0) return wanted;
  const existing = await cluster.get(referenceOf(wanted), context.signal);
  return existing === undefined ? wanted : withLiveValues(wanted, existing, ignoreChanges);
}

/** What the program wants, minus what it is told to ignore; and what was written by hand becomes ours. */
async function takeUp(placement: Placement, cluster: Cluster, wanted: Manifest): Promise<Manifest> {
  const { signal } = placement.context;
  const existing = await cluster.get(referenceOf(wanted), signal);
  if (existing === undefined) return wanted;
  const adopted = adoptedFields(existing, placement.fieldManager);
  if (adopted !== undefined) await cluster.setManagedFields(existing, adopted, signal);
  return withLiveValues(wanted, existing, placement.ignoreChanges);
}

function applyOptions(
  { manifest, fieldManager, connection, context }: Placement,
  dryRun: boolean,
): { fieldManager: string; force: boolean; dryRun: boolean; signal: AbortSignal } {
  const force = forcesPatch(manifest) ?? connection.settings.enablePatchForce;
  return { fieldManager, force, dryRun, signal: context.signal };
}

function patienceFor({ context }: Placement, timeoutSeconds: number): Patience {
  const began = Date.now();
  return {
    signal: context.signal,
    deadline: began + timeoutSeconds * 1000,
    onRetry: (error) => {
      context.log.progress(`${error instanceof Error ? error.message : String(error)}; trying again`);
    },
    passes: (error) =>
      isPassing(error) ||
      (Date.now() < began + NEIGHBOURS_MS &&
        (error instanceof UnknownKind || isMissing(error) || isWaitingForServiceAccount(error))),
  };
}

/** For the record of a failure: the object as it is now, if the API server still answers. */
async function lastSeen(cluster: Cluster, reference: ObjectReference, applied: Manifest): Promise<Manifest> {
  try {
    return (await cluster.get(reference, AbortSignal.timeout(3000))) ?? applied;
  } catch {
    // The failure itself is what is reported; this only makes its record more exact.
    return applied;
  }
}
