/** Finds what a program changes about an object; asks the API server only when something does. */
import type { Difference, OperationContext } from "../../../provider/protocol/resource.ts";
import type { DiffArguments } from "../../../provider/protocol/resource.ts";
import { containsUnknown } from "../../../provider/protocol/value.ts";
import type { Connection } from "./connection.ts";
import { Unreachable } from "../../../provider/kubernetes/failure.ts";
import { detailed, fieldChanges, withoutRespelled, type Sides } from "./diff/difference.ts";
import { immutableFields } from "./diff/immutable.ts";
import type { FieldChange } from "./diff/compare.ts";
import { formatPath, parsePath, type Path } from "./diff/path.ts";
import { isAutonamed, replacesUnready } from "./object/annotation.ts";
import { objectAt, without } from "../../../provider/kubernetes/json.ts";
import { referenceOf, withoutReadOnlyMetadata, type Manifest } from "./object/manifest.ts";
import { isRevealedMap, plainManifest, revealedManifest } from "./object/plain.ts";
import { fieldManagerFor, readRecord } from "./object/record.ts";
import { immutableFieldsIn } from "./rejection.ts";
import { judgeOf } from "./wait/readiness.ts";

export async function differenceOf(
  connection: Connection,
  args: DiffArguments,
  isPatch: boolean,
  context: OperationContext,
): Promise<Difference> {
  const recorded = readRecord(args.olds, args.oldInputs);
  const sides: Sides = {
    live: recorded.live,
    oldInputs: revealedManifest(recorded.inputs),
    newInputs: inScope(revealedManifest(args.news), recorded.live),
    imported: recorded.imported,
  };
  let changes = fieldChanges(sides, args.ignoreChanges);
  const known = !containsUnknown(args.news);
  const wanted = known ? withoutReadOnlyMetadata(plainManifest(args.news)) : undefined;
  const fixed = isPatch ? IDENTITY : fixedFields(connection, recorded.live, wanted);
  const replaces = (): boolean =>
    Object.values(detailed(changes, sides, fixed)).some(({ kind }) => kind.endsWith("-replace"));
  if (changes.length > 0 && wanted !== undefined && !isPatch && !replaces()) {
    const manager = fieldManagerFor(wanted, recorded.fieldManager, context.urn);
    const answer = await dryRun(connection, withNamespaceOf(wanted, recorded.live), manager, context);
    changes = answer.result === undefined ? changes : withoutRespelled(changes, sides, answer.result);
    fixed.push(...answer.immutable.map((field) => nearest(field, changes)));
  }
  const described = detailed(changes, sides, fixed);
  const unready = wanted !== undefined && replacesUnready(wanted) && isUnreadyJob(recorded.live);
  const all = unready
    ? { ...described, [formatPath(UNREADY)]: { kind: "update-replace" as const, inputDiff: false } }
    : described;
  const replacing = Object.values(all).some(({ kind }) => kind.endsWith("-replace"));
  return { changes: all, deleteBeforeReplace: replacing && keepsItsName(recorded.live, wanted) };
}

const IDENTITY: Path[] = [
  ["metadata", "name"],
  ["metadata", "namespace"],
];
const UNREADY: Path = ["metadata", "annotations", "pulumi.com/replaceUnready"];

function fixedFields(connection: Connection, live: Manifest, wanted: Manifest | undefined): Path[] {
  const { apiVersion, kind } = referenceOf(live);
  const { enableConfigMapMutable, enableSecretMutable } = connection.settings;
  const marked = live["immutable"] === true || wanted?.["immutable"] === true;
  return immutableFields(apiVersion, kind, marked, {
    configMaps: enableConfigMapMutable,
    secrets: enableSecretMutable,
  });
}

interface DryRun {
  readonly result: Manifest | undefined;
  readonly immutable: readonly string[];
}

/** What applying would give. Any other refusal is for the update to report, where it can be told in full. */
async function dryRun(
  connection: Connection,
  wanted: Manifest,
  fieldManager: string,
  context: OperationContext,
): Promise<DryRun> {
  if (!connection.isKnown() || connection.isAway()) return { result: undefined, immutable: [] };
  try {
    const options = { fieldManager, force: true, dryRun: true, signal: context.signal };
    return { result: await connection.cluster().apply(wanted, options), immutable: [] };
  } catch (error) {
    if (error instanceof Unreachable) connection.markAway();
    return { result: undefined, immutable: immutableFieldsIn(error) ?? [] };
  }
}

/** The API server may name a field by a parent or not at all; then every change counts. */
function nearest(field: string, changes: readonly FieldChange[]): Path {
  const path = parsePath(field);
  const hits = changes.some(({ path: changed }) => path.every((step, index) => step === changed[index]));
  return hits ? path : [];
}

/** What was found to belong to the whole cluster has no namespace, even if one was assumed for it. */
function inScope(inputs: Sides["newInputs"], live: Manifest): Sides["newInputs"] {
  const metadata = inputs["metadata"];
  const isLive = objectAt(live, "metadata")["uid"] !== undefined;
  if (!isLive || objectAt(live, "metadata")["namespace"] !== undefined) return inputs;
  if (!isRevealedMap(metadata) || metadata["namespace"] === undefined) return inputs;
  return { ...inputs, metadata: without(metadata, "namespace") };
}

export function withNamespaceOf(manifest: Manifest, live: Manifest): Manifest {
  const metadata = objectAt(manifest, "metadata");
  if (objectAt(live, "metadata")["namespace"] !== undefined || metadata["namespace"] === undefined)
    return manifest;
  if (objectAt(live, "metadata")["uid"] === undefined) return manifest;
  return { ...manifest, metadata: without(metadata, "namespace") };
}

/** Two objects of one name cannot be side by side, so the old one has to go first. */
function keepsItsName(live: Manifest, wanted: Manifest | undefined): boolean {
  if (wanted === undefined || isAutonamed(wanted)) return false;
  const before = referenceOf(live);
  const now = referenceOf(wanted);
  return before.name === now.name && (now.namespace ?? before.namespace) === before.namespace;
}

function isUnreadyJob(live: Manifest): boolean {
  if (referenceOf(live).kind !== "Job") return false;
  return judgeOf(live)?.(live, { readyEndpoints: 0, bindingMode: undefined }).state !== "ready";
}
