/** A stack's state and previews as the engine gives them out. */
import { z } from "zod";
import type { Checkout } from "./checkout.ts";
import { succeeded } from "./process.ts";

const stateSchema = z.object({
  deployment: z
    .object({
      resources: z
        .array(z.looseObject({ urn: z.string(), type: z.string(), custom: z.boolean() }))
        .default([]),
    })
    .nullish(),
});

const previewSchema = z.object({
  steps: z
    .array(
      z.object({
        op: z.string(),
        urn: z.string(),
        detailedDiff: z.record(z.string(), z.unknown()).nullish(),
        diffReasons: z.array(z.string()).nullish(),
      }),
    )
    .default([]),
});

export interface Step {
  readonly op: string;
  /** The resource's own name, without its parents'. */
  readonly name: string;
  readonly type: string;
  readonly changed: readonly string[];
}

export interface StateResource {
  readonly name: string;
  readonly type: string;
  readonly custom: boolean;
}

export async function exportedText(checkout: Checkout, stack: string, ...options: string[]): Promise<string> {
  return succeeded(await checkout.pulumi(["stack", "export", "--stack", stack, ...options]), "the export");
}

export async function stateResources(checkout: Checkout, stack: string): Promise<readonly StateResource[]> {
  const parsed = stateSchema.parse(JSON.parse(await exportedText(checkout, stack)));
  return (parsed.deployment?.resources ?? []).map(({ urn, type, custom }) => ({
    name: nameIn(urn),
    type,
    custom,
  }));
}

/** Steps of a preview that would do something. */
export async function previewSteps(
  checkout: Checkout,
  stack: string,
  ...options: string[]
): Promise<readonly Step[]> {
  const finished = await checkout.pulumi(["preview", "--json", "--stack", stack, ...options]);
  const parsed = previewSchema.parse(JSON.parse(succeeded(finished, "the preview")));
  return parsed.steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn, detailedDiff, diffReasons }) => ({
      op,
      name: nameIn(urn),
      type: typeIn(urn),
      changed: Object.keys(detailedDiff ?? {})
        .concat(detailedDiff == null ? (diffReasons ?? []) : [])
        .sort(),
    }));
}

export function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function typeIn(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}
