/** Surveys for tests: an empty host, and what a test says is on it. */
import { ledgerSchema, type Ledger } from "../../../../provider/host/state/ledger.ts";
import type { FoundPath, Survey } from "../../../../provider/host/state/survey.ts";

export function surveyOf(parts: Partial<Survey>): Survey {
  return {
    claim: undefined,
    ledgers: new Map(),
    paths: new Map(),
    hashes: new Map(),
    contents: new Map(),
    packages: new Map(),
    users: new Map(),
    groups: new Set(),
    sysctls: new Map(),
    units: new Map(),
    dropIns: [],
    ...parts,
  };
}

export function found(type: FoundPath["type"], parts: Partial<FoundPath> = {}): FoundPath {
  const mode = type === "directory" ? "0755" : "0644";
  return { type, mode, owner: "root", group: "root", size: 0, target: "", empty: false, ...parts };
}

export function ledgerOf(role: string, parts: Partial<Ledger>): Ledger {
  return ledgerSchema.parse({ role, since: 1, ...parts });
}
