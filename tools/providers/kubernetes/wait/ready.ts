/** Waits until an object is ready, says meanwhile what it waits for, and when it ends in vain, why. */
import { Fault } from "../../../../errors/fault.ts";
import type { Log } from "../../../../provider/protocol/resource.ts";
import type { Cluster } from "../api/cluster.ts";
import { abortReason } from "../../../../provider/kubernetes/client.ts";
import { isMissing, Refusal } from "../../../../provider/kubernetes/failure.ts";
import type { Selection, Sighting } from "../api/watch.ts";
import { awaitedExpressions, skipsAwait } from "../object/annotation.ts";
import { textAt } from "../../../../provider/kubernetes/json.ts";
import { referenceOf, titleOf, type Manifest } from "../object/manifest.ts";
import { concerns, endpointsOf, podsOf, readyEndpoints, warningLine, warningsIn } from "./companions.ts";
import { parseExpression } from "./expression.ts";
import { podTrouble } from "./pod-trouble.ts";
import { judgeOf, type Readiness, type Surroundings } from "./readiness.ts";

export interface Waiting {
  readonly cluster: Cluster;
  /** As the API server returned it from apply. */
  readonly object: Manifest;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

type Verdict = (object: Manifest, surroundings: Surroundings) => Readiness;

/** The object when it was ready. Throws when it failed, when time ran out, or when the user interrupted. */
export async function untilReady(waiting: Waiting): Promise<Manifest> {
  const verdict = verdictFor(waiting.object);
  if (verdict === undefined) return waiting.object;
  const bindingMode = await bindingModeOf(waiting);
  if (verdict(waiting.object, { readyEndpoints: 0, bindingMode }).state === "ready") return waiting.object;
  return new ReadyWait(waiting, verdict, bindingMode).run();
}

function verdictFor(object: Manifest): Verdict | undefined {
  if (skipsAwait(object)) return undefined;
  const expressions = awaitedExpressions(object).map(parseExpression);
  if (expressions.length === 0) return judgeOf(object);
  return (seen) =>
    expressions.map((judge) => judge(seen)).find(({ state }) => state !== "ready") ?? { state: "ready" };
}

/** A claim's storage class tells whether it is bound at once or by its first pod. */
async function bindingModeOf({ cluster, object, signal }: Waiting): Promise<string | undefined> {
  if (textAt(object, "kind") !== "PersistentVolumeClaim") return undefined;
  const name = textAt(object, "spec", "storageClassName");
  if (name === undefined || name === "") return undefined;
  try {
    const path = `/apis/storage.k8s.io/v1/storageclasses/${encodeURIComponent(name)}`;
    return textAt(await cluster.getPath(path, signal), "volumeBindingMode");
  } catch (error) {
    // A class may be only a name that volumes and claims share.
    if (isMissing(error)) return undefined;
    throw error;
  }
}

class ReadyWait {
  readonly #waiting: Waiting;
  readonly #verdict: Verdict;
  readonly #bindingMode: string | undefined;
  readonly #title: string;
  readonly #began = Date.now();
  readonly #podTroubles = new Map<string, string>();
  readonly #endpoints = new Map<string, number>();
  readonly #warnings: string[] = [];
  readonly #outcome = Promise.withResolvers<Manifest>();
  #current: Manifest;
  #because = "nothing has been heard of it";
  #lastLine = "";

  constructor(waiting: Waiting, verdict: Verdict, bindingMode: string | undefined) {
    this.#waiting = waiting;
    this.#verdict = verdict;
    this.#bindingMode = bindingMode;
    this.#current = waiting.object;
    this.#title = titleOf(referenceOf(waiting.object));
  }

  async run(): Promise<Manifest> {
    const { cluster, object, signal, timeoutSeconds } = this.#waiting;
    const reference = referenceOf(object);
    const stop = new AbortController();
    const inner = AbortSignal.any([signal, stop.signal]);
    const timer = setTimeout(() => {
      this.#outcome.reject(this.#fault(`is not ready after ${timeoutSeconds} s`));
    }, timeoutSeconds * 1000);
    const interrupted = (): void => {
      this.#outcome.reject(this.#fault("was not waited for to the end", abortReason(signal)));
    };
    signal.addEventListener("abort", interrupted, { once: true });
    if (signal.aborted) interrupted();
    this.#follow(cluster.watchObject(reference, inner, this.#sayRetry), this.#seeObject);
    this.#followIfAllowed(podsOf(object, reference), inner, this.#seePod);
    const endpoints = endpointsOf(object, reference);
    if (endpoints !== undefined) this.#follow(cluster.watchPath(endpoints, inner), this.#seeEndpoints);
    this.#followIfAllowed(warningsIn(reference), inner, this.#seeWarning);
    try {
      return await this.#outcome.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupted);
      stop.abort(new Error("the wait is over"));
    }
  }

  /** Pods and warnings only explain; a user without the right to see them waits without explanations. */
  #followIfAllowed(
    selection: Selection | undefined,
    signal: AbortSignal,
    see: (sighting: Sighting) => void,
  ): void {
    if (selection === undefined) return;
    this.#follow(this.#waiting.cluster.watchPath(selection, signal), see, (error) => {
      if (!(error instanceof Refusal) || error.code !== 403) return false;
      this.#waiting.log.progress(`cannot see why it is not ready: ${error.message}`);
      return true;
    });
  }

  #follow(
    sightings: AsyncIterable<Sighting>,
    see: (sighting: Sighting) => void,
    isBearable: (error: unknown) => boolean = () => false,
  ): void {
    const following = async (): Promise<void> => {
      for await (const sighting of sightings) see(sighting);
    };
    following().catch((error: unknown) => {
      if (!isBearable(error)) this.#outcome.reject(this.#fault("cannot be watched", error));
    });
  }

  readonly #seeObject = (sighting: Sighting): void => {
    const { name } = referenceOf(this.#waiting.object);
    if (sighting.type === "present") {
      this.#current = sighting.object;
      this.#judge();
    } else if (sighting.type === "gone" || !sighting.names.includes(name)) {
      this.#outcome.reject(this.#fault("was deleted while it was waited for"));
    }
  };

  readonly #seePod = (sighting: Sighting): void => {
    if (sighting.type === "listed") return;
    const name = referenceOf(sighting.object).name;
    const trouble = sighting.type === "present" ? podTrouble(sighting.object) : undefined;
    if (trouble === undefined) this.#podTroubles.delete(name);
    else this.#podTroubles.set(name, trouble);
    this.#say();
  };

  readonly #seeEndpoints = (sighting: Sighting): void => {
    if (sighting.type === "listed") return;
    const name = referenceOf(sighting.object).name;
    this.#endpoints.set(name, sighting.type === "present" ? readyEndpoints(sighting.object) : 0);
    this.#judge();
  };

  readonly #seeWarning = (sighting: Sighting): void => {
    if (sighting.type !== "present" || !concerns(sighting.object, referenceOf(this.#waiting.object))) return;
    const when = textAt(sighting.object, "lastTimestamp") ?? textAt(sighting.object, "eventTime") ?? "";
    // Old warnings speak of an earlier attempt; clocks may differ a little.
    if (Date.parse(when) < this.#began - 5000) return;
    const line = warningLine(sighting.object);
    if (!this.#warnings.includes(line)) this.#warnings.push(line);
    this.#say();
  };

  readonly #sayRetry = (error: unknown): void => {
    this.#waiting.log.progress(error instanceof Error ? error.message : String(error));
  };

  #judge(): void {
    const readyEndpoints = [...this.#endpoints.values()].reduce((sum, count) => sum + count, 0);
    const readiness = this.#verdict(this.#current, { readyEndpoints, bindingMode: this.#bindingMode });
    if (readiness.state === "ready") {
      this.#outcome.resolve(this.#current);
      return;
    }
    this.#because = readiness.because;
    if (readiness.state === "failed") this.#outcome.reject(this.#fault("failed"));
    this.#say();
  }

  #say(): void {
    const [pod, trouble] = [...this.#podTroubles.entries()][0] ?? [];
    const detail = pod === undefined ? this.#warnings.at(-1) : `Pod ${pod}: ${trouble ?? ""}`;
    const line = detail === undefined ? this.#because : `${this.#because}; ${detail}`;
    if (line === this.#lastLine) return;
    this.#lastLine = line;
    this.#waiting.log.progress(line);
  }

  #fault(what: string, cause?: unknown): Fault {
    const pods = [...this.#podTroubles.entries()].map(([name, trouble]) => `Pod ${name}: ${trouble}`);
    const known = new Set([...pods, ...this.#warnings.slice(-3)]);
    return new Fault({
      what,
      where: this.#title,
      got: [this.#because, ...known].join("\n           "),
      ...(cause === undefined ? {} : { cause }),
      remedy:
        "mend what is said above and run again; annotate it with pulumi.com/skipAwait to not wait, or with pulumi.com/timeoutSeconds to wait longer",
    });
  }
}
