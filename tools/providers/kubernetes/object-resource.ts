/** Any object of the API as a Pulumi resource: the same code for all kinds. */
import { Fault, messageOf } from "../../../errors/fault.ts";
import type {
  Checked,
  Created,
  DeleteArguments,
  DiffArguments,
  Difference,
  OperationContext,
  ReadArguments,
  ReadResult,
  ResourceKind,
  UpdateArguments,
} from "../../../provider/protocol/resource.ts";
import { isMap, type Properties, type Value } from "../../../provider/protocol/value.ts";
import { UnknownKind } from "./api/cluster.ts";
import { Refusal, Unreachable } from "../../../provider/kubernetes/failure.ts";
import { patiently } from "../../../provider/kubernetes/patience.ts";
import { differenceOf, withNamespaceOf } from "./change.ts";
import type { Connection } from "./connection.ts";
import { importedInputs, refreshedInputs } from "./inputs.ts";
import { propagationOf, skipsAwaitOnDelete, timeoutSecondsOf } from "./object/annotation.ts";
import { textAt } from "../../../provider/kubernetes/json.ts";
import { idOf, parseId, referenceOf, type Manifest, type ObjectReference } from "./object/manifest.ts";
import { named, randomSuffix } from "./object/naming.ts";
import { plainManifest } from "./object/plain.ts";
import { fieldManagerFor, readRecord, recordOf, type Recorded } from "./object/record.ts";
import { scopeOf } from "./object/scope.ts";
import { withSecrecy } from "./object/secrecy.ts";
import { isPatchToken, kindOfToken, withoutPatch } from "./object/token.ts";
import { foresee } from "./foresight.ts";
import { place, placementOf, relinquish } from "./placement.ts";
import { faultOf } from "./rejection.ts";
import { untilGone } from "./wait/gone.ts";

/** How long reading and deleting try to reach a cluster that does not answer. */
const REACH_MS = 30_000;

export class ObjectResource implements ResourceKind {
  readonly token: string;
  readonly #connection: Connection;

  constructor(token: string, connection: Connection) {
    this.token = token;
    this.#connection = connection;
  }

  async check(news: Properties, olds: Properties, context: OperationContext): Promise<Checked> {
    const metadata = news["metadata"] ?? {};
    const isPatch = this.#isPatch(news);
    if (isMap(metadata) && metadata["generateName"] !== undefined && metadata["name"] === undefined) {
      const reason = "server-side apply needs a name: leave generateName out, and a random one is made here";
      return { inputs: news, failures: [{ property: "metadata.generateName", reason }] };
    }
    if (isPatch && isMap(metadata) && metadata["name"] === undefined) {
      return {
        inputs: news,
        failures: [{ property: "metadata.name", reason: "a patch must name its object" }],
      };
    }
    const withName = isPatch ? news : named(news, olds, context.name, randomSuffix);
    const inputs = await this.#withNamespace(withName, context);
    return { inputs: withSecrecy(inputs, inputs) };
  }

  async diff(args: DiffArguments, context: OperationContext): Promise<Difference> {
    return differenceOf(this.#connection, args, this.#isPatch(args.news), context);
  }

  async create(inputs: Properties, context: OperationContext): Promise<Created> {
    const manner = this.#isPatch(inputs) ? "patch" : "create";
    if (context.preview)
      return { id: "", outputs: await foresee(this.#connection, inputs, {}, context, manner) };
    return place(placementOf(this.#connection, inputs, {}, context), manner);
  }

  async update(args: UpdateArguments, context: OperationContext): Promise<Properties> {
    const recorded = readRecord(args.olds, args.oldInputs);
    const { fieldManager, initialApiVersion } = recorded;
    const kept = { fieldManager, initialApiVersion, ignoreChanges: args.ignoreChanges };
    const manner = this.#isPatch(args.news) ? "patch" : "update";
    if (context.preview) return foresee(this.#connection, args.news, kept, context, manner);
    const placement = placementOf(this.#connection, args.news, kept, context);
    const { outputs } = await place(placement, manner);
    if (fieldManager !== undefined && fieldManager !== placement.fieldManager) {
      const reference = referenceOf(withNamespaceOf(placement.manifest, recorded.live));
      await relinquish(this.#connection.cluster(), reference, fieldManager, context.signal);
    }
    return outputs;
  }

  async read(args: ReadArguments, context: OperationContext): Promise<ReadResult> {
    const recorded = readRecord(args.outputs, args.inputs);
    const isImport = Object.keys(args.outputs).length === 0;
    const reference = this.#referenceFor(args.id, recorded, isImport);
    const gone = { id: "", outputs: {}, inputs: {} };
    let live: Manifest | undefined;
    try {
      live = await this.#patiently(context, () => this.#connection.cluster().get(reference, context.signal));
    } catch (error) {
      if (this.#mayForget(error, context)) return gone;
      throw faultOf(error, { reference, fieldManager: "", secrets: [] });
    }
    if (live === undefined) return gone;
    const inputs = isImport ? importedInputs(live) : refreshedInputs(live, recorded.live, recorded.inputs);
    const outputs = recordOf({
      live,
      inputs,
      fieldManager: fieldManagerFor(live, recorded.fieldManager, context.urn),
      initialApiVersion: recorded.initialApiVersion ?? reference.apiVersion,
      imported: isImport || recorded.imported,
    });
    return { id: idOf(referenceOf(live)), outputs, inputs: withSecrecy(inputs, inputs) };
  }

  async delete(args: DeleteArguments, context: OperationContext): Promise<void> {
    const recorded = readRecord(args.outputs, args.inputs);
    const reference = this.#referenceFor(args.id, recorded, false);
    const declared = plainManifest(recorded.inputs);
    const { signal, log } = context;
    try {
      const cluster = this.#connection.cluster();
      if (this.#isPatch(recorded.inputs)) {
        await this.#patiently(context, () => this.#relinquishPatch(reference, recorded, context));
        return;
      }
      const uid = textAt(recorded.live, "metadata", "uid");
      const propagation = propagationOf(declared);
      const found = await this.#patiently(context, () =>
        cluster.delete(reference, { propagation, uid: undefined, signal }),
      );
      if (!found || skipsAwaitOnDelete(declared)) return;
      const timeoutSeconds = timeoutSecondsOf(declared, context.timeoutSeconds);
      await untilGone({ cluster, reference, uid, timeoutSeconds, signal, log });
      if (reference.kind === "CustomResourceDefinition") cluster.forgetKinds();
    } catch (error) {
      if (error instanceof UnknownKind || this.#mayForget(error, context)) return;
      throw faultOf(error, { reference, fieldManager: recorded.fieldManager ?? "", secrets: [] });
    }
  }

  async #relinquishPatch(
    reference: ObjectReference,
    recorded: Recorded,
    context: OperationContext,
  ): Promise<void> {
    const cluster = this.#connection.cluster();
    if ((await cluster.get(reference, context.signal)) === undefined) return;
    const manager = fieldManagerFor({}, recorded.fieldManager, context.urn);
    await relinquish(cluster, reference, manager, context.signal);
  }

  async #withNamespace(inputs: Properties, context: OperationContext): Promise<Properties> {
    const metadata = inputs["metadata"] ?? {};
    if (!isMap(metadata) || (metadata["namespace"] ?? "") !== "") return inputs;
    const apiVersion = textOf(inputs["apiVersion"]) ?? kindOfToken(this.token).apiVersion;
    const kind = textOf(inputs["kind"]) ?? kindOfToken(this.token).kind;
    if ((await this.#scope(apiVersion, kind, context)) === "cluster") return inputs;
    return { ...inputs, metadata: { ...metadata, namespace: this.#connection.defaultNamespace() } };
  }

  /** What the API server does not know yet is taken to be namespaced, and corrected when it is applied. */
  async #scope(
    apiVersion: string,
    kind: string,
    context: OperationContext,
  ): Promise<"cluster" | "namespace"> {
    const scope = scopeOf(apiVersion, kind);
    if (scope !== "unknown") return scope;
    if (!this.#connection.isKnown() || this.#connection.isAway()) return "namespace";
    try {
      const reference = { apiVersion, kind, namespace: undefined, name: "" };
      const served = await this.#connection.cluster().find(reference, context.signal);
      return served === undefined || served.namespaced ? "namespace" : "cluster";
    } catch (error) {
      if (error instanceof Unreachable || error instanceof Refusal) return "namespace";
      throw error;
    }
  }

  #referenceFor(id: string, recorded: Recorded, isImport: boolean): ObjectReference {
    const fromToken = kindOfToken(this.token);
    const live = referenceOf(recorded.live);
    const declared = referenceOf(plainManifest(recorded.inputs));
    const kind = this.#isPatch(recorded.inputs) ? withoutPatch(fromToken) : fromToken;
    const { namespace, name } = parseId(id);
    const apiVersion = live.apiVersion || declared.apiVersion || kind.apiVersion;
    const isNamespaced = scopeOf(apiVersion, live.kind || kind.kind) === "namespace";
    return {
      apiVersion,
      kind: live.kind || declared.kind || kind.kind,
      namespace: namespace ?? (isImport && isNamespaced ? this.#connection.defaultNamespace() : undefined),
      name,
    };
  }

  #isPatch(inputs: Properties): boolean {
    return isPatchToken(this.token, textOf(inputs["kind"]));
  }

  async #patiently<T>(context: OperationContext, attempt: () => Promise<T>): Promise<T> {
    const patience = {
      signal: context.signal,
      deadline: Date.now() + (this.#connection.isAway() ? 0 : REACH_MS),
      onRetry: (error: unknown): void => {
        context.log.progress(`${messageOf(error)}; trying again`);
      },
    };
    try {
      const result = await patiently(patience, attempt);
      this.#connection.markBack();
      return result;
    } catch (error) {
      if (error instanceof Unreachable) this.#connection.markAway();
      throw error;
    }
  }

  /** With `deleteUnreachable`, objects of a cluster that is gone for good leave the state. */
  #mayForget(error: unknown, context: OperationContext): boolean {
    const away = error instanceof Unreachable || !this.#connection.isKnown();
    if (!away) return false;
    if (this.#connection.settings.deleteUnreachable) {
      context.log.warning(
        `${messageOf(error)}; \`deleteUnreachable\` is set, so the object leaves the state`,
      );
      return true;
    }
    throw new Fault({
      what: messageOf(error),
      where: `provider kubernetes, ${context.name}`,
      remedy:
        "start the API server and run again; if the cluster is gone for good, run with PULUMI_K8S_DELETE_UNREACHABLE=true, which only takes its objects out of the state",
    });
  }
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
