/** What is made anew when its `generation` is raised, with some of what was before it kept for a while. */
import { z } from "zod";
import type { Change } from "../protocol/resource.ts";
import { sameValue, type Properties } from "../protocol/value.ts";

export const generationInputs = {
  /** One more makes a new one. */
  generation: z.int().min(1, "must be at least 1"),
  /** How many former ones stay in the outputs. */
  keep: z.int().min(0, "must not be negative").max(10, "must be at most 10"),
};

/** Whether any of the inputs that it is made from has changed. */
export function isNewGeneration(identity: readonly string[], olds: Properties, news: Properties): boolean {
  return identity.some((key) => isChanged(key, olds, news));
}

export function isChanged(key: string, olds: Properties, news: Properties): boolean {
  return !sameValue(olds[key] ?? null, news[key] ?? null);
}

export function changedInputs(
  keys: readonly string[],
  olds: Properties,
  news: Properties,
): Record<string, Change> {
  const changed = keys.filter((key) => isChanged(key, olds, news));
  return Object.fromEntries(changed.map((key) => [key, { kind: "update" }]));
}

/** The former ones that stay: all of them while it isn't known how many. */
export function keptOf<Former>(former: readonly Former[], news: Properties): readonly Former[] {
  const { keep } = news;
  return typeof keep === "number" ? former.slice(0, keep) : former;
}
