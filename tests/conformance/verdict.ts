/** Whether a run is as it should be: everything passes but what is known not to. */
import type { Exception, Transport } from "./exceptions.ts";
import type { SpecResult } from "./report.ts";
import type { RuntimeName } from "./runtimes/runtime.ts";

export interface Verdict {
  readonly passed: readonly SpecResult[];
  readonly failed: readonly SpecResult[];
  readonly skipped: readonly SpecResult[];
  /** Failed or left out, and no exception says so. */
  readonly unexpected: readonly SpecResult[];
  /** Exceptions that have to go, with the reason. */
  readonly outdated: readonly { readonly exception: Exception; readonly because: string }[];
}

export interface Circumstances {
  readonly runtime: RuntimeName;
  readonly transport: Transport;
  /** Whether all specs were asked for; an exception for one that was not is no mistake. */
  readonly whole: boolean;
}

/** Benchmarks are no specs of conformance, and critest reports them as left out. */
const benchmark = /\bbenchmark about\b/;

export function judge(
  results: readonly SpecResult[],
  exceptions: readonly Exception[],
  { runtime, transport, whole }: Circumstances,
): Verdict {
  const specs = results.filter(({ name }) => !benchmark.test(name));
  const inForce = exceptions.filter(
    (exception) =>
      exception.runtimes.includes(runtime) &&
      (exception.transport === undefined || exception.transport === transport),
  );
  const isExcused = (result: SpecResult): boolean =>
    inForce.some((exception) => exception.outcome === result.outcome && covers(exception, result));
  const asked = whole
    ? specs
    : specs.filter(({ outcome, message }) => outcome !== "skipped" || message !== "");
  return {
    passed: asked.filter(({ outcome }) => outcome === "passed"),
    failed: asked.filter(({ outcome }) => outcome === "failed"),
    skipped: asked.filter(({ outcome }) => outcome === "skipped"),
    unexpected: asked.filter((result) => result.outcome !== "passed" && !isExcused(result)),
    outdated: inForce.flatMap((exception) => {
      const covered = asked.filter((result) => covers(exception, result));
      const passing = covered.find(({ outcome }) => outcome === "passed");
      if (passing !== undefined) return [{ exception, because: `"${passing.name}" passes` }];
      if (whole && covered.length === 0) return [{ exception, because: "there is no such spec" }];
      return [];
    }),
  };
}

/** Of a run in which no spec was tried, nothing good can be said. */
export function isGood({ unexpected, outdated, passed, failed }: Verdict): boolean {
  return unexpected.length === 0 && outdated.length === 0 && passed.length + failed.length > 0;
}

function covers({ spec }: Exception, { name }: SpecResult): boolean {
  return name === spec || name.startsWith(`${spec} `);
}
