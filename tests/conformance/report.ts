/** What critest's JSON report says of each spec. */
import { z } from "zod";

export interface SpecResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** Why it failed or was skipped; empty where it passed. */
  readonly message: string;
}

const specSchema = z.object({
  ContainerHierarchyTexts: z.array(z.string()).nullish(),
  LeafNodeType: z.string(),
  LeafNodeText: z.string(),
  State: z.string(),
  RunTime: z.number(),
  Failure: z.object({ Message: z.string().optional() }).nullish(),
});

const reportSchema = z.array(z.object({ SpecReports: z.array(specSchema).nullish() }));

export function readReport(text: string): SpecResult[] {
  const suites = reportSchema.parse(JSON.parse(text));
  return suites
    .flatMap(({ SpecReports }) => SpecReports ?? [])
    .filter((spec) => spec.LeafNodeType === "It" || outcomeOf(spec.State) === "failed")
    .map((spec) => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText || spec.LeafNodeType]
        .join(" ")
        .replace(/^\[k8s\.io\] /, ""),
      outcome: outcomeOf(spec.State),
      seconds: spec.RunTime / 1e9,
      message: spec.Failure?.Message ?? "",
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Whatever is neither passed nor left out has failed: a panic, an interrupt, a time-out. */
function outcomeOf(state: string): SpecResult["outcome"] {
  switch (state) {
    case "passed":
      return "passed";
    case "skipped":
    case "pending":
      return "skipped";
    default:
      return "failed";
  }
}
