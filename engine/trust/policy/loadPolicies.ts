import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Folders } from "../../context.ts";
import { diskFault, hasCode } from "../../../errors/diskFault.ts";
import { Fault } from "../../../errors/fault.ts";
import type { ImagePolicy } from "./imagePolicy.ts";
import { parsePolicy, type PolicyMistake } from "./parsePolicy.ts";

/**
 * The policies of the system's and the administrator's folder, trust.d/*.json. Of one prefix the administrator's word
 * counts; twice in one folder is a mistake. A mistake anywhere stops everything: a policy that is not understood might be
 * the one that forbids.
 */
export async function loadPolicies(
  folders: Pick<Folders, "system" | "local">,
): Promise<readonly ImagePolicy[]> {
  const mistakes: PolicyMistake[] = [];
  const decided = new Map<string, ImagePolicy>();
  for (const folder of [folders.system, folders.local]) {
    const here = new Map<string, ImagePolicy>();
    for (const file of await policyFilesIn(join(folder, "trust.d"))) {
      const parsed = parsePolicy(await policyText(file), file);
      mistakes.push(...parsed.mistakes);
      if (parsed.policy === undefined) continue;
      for (const [index, prefix] of parsed.policy.prefixes.entries()) {
        const other = here.get(prefix);
        if (other === undefined) here.set(prefix, parsed.policy);
        else mistakes.push(twice(file, index, prefix, other));
      }
    }
    for (const [prefix, policy] of here) decided.set(prefix, policy);
  }
  if (mistakes.length > 0) throw mistaken(mistakes);
  return [...decided].map(([prefix, policy]) => ({ ...policy, prefixes: [prefix] }));
}

async function policyFilesIn(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith(".json") && !name.startsWith("."))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw diskFault(error);
  }
}

async function policyText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw diskFault(error);
  }
}

function twice(file: string, index: number, prefix: string, other: ImagePolicy): PolicyMistake {
  return {
    file,
    path: `prefixes[${index}]`,
    got: JSON.stringify(prefix),
    allowed: `each prefix once in a folder; ${other.file} has it too`,
  };
}

function mistaken(mistakes: readonly PolicyMistake[]): Fault {
  const listed = mistakes.map(
    ({ file, path, got, allowed }) =>
      `- ${file}${path === "" ? "" : `: ${path}`}\n    got:     ${got}\n    allowed: ${allowed}`,
  );
  const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
  return new Fault({
    what: `the image policies have ${count}\n${listed.join("\n")}`,
    remedy: "correct the files; until then no OCI image is accepted",
  });
}
