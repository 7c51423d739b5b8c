import assert from "node:assert/strict";
import { availableCommands } from "../../../engine/cli/available.ts";
import { globalFlags } from "../../../engine/cli/grammar/globalFlags.ts";
import type { FlagGrammar } from "../../../engine/cli/grammar/grammar.ts";
import { codeIn, documentNamed, rowsOf } from "../../docs/markdown.ts";
import { upstreamCommands, upstreamGlobalFlags } from "./upstreamFlags.ts";

/** Every difference of commands, flags and defaults, as the document's table has it: subject and what is so here. */
function differences(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const ours = new Map(availableCommands.map(({ name, flags }) => [name, flags]));
  for (const name of Object.keys(upstreamCommands)) if (!ours.has(name)) found.set(`rkt ${name}`, "missing");
  compare("rkt", upstreamGlobalFlags, globalFlags, found);
  for (const [name, flags] of ours) {
    const theirs = upstreamCommands[name];
    if (theirs === undefined) found.set(`rkt ${name}`, "added");
    else compare(`rkt ${name}`, theirs, flags, found);
  }
  return found;
}

function compare(
  command: string,
  theirs: string,
  ours: readonly FlagGrammar[],
  found: Map<string, string>,
): void {
  const upstream = new Map(
    theirs
      .split(" ")
      .filter((word) => word !== "")
      .map((word) => {
        const [name = "", ...rest] = word.split("=");
        return [name, rest.join("=")];
      }),
  );
  for (const name of upstream.keys()) {
    if (!ours.some((flag) => flag.name === name)) found.set(`${command} --${name}`, "missing");
  }
  for (const flag of ours) {
    const byDefault = upstream.get(flag.name);
    if (byDefault === undefined) found.set(`${command} --${flag.name}`, "added");
    else if (byDefault !== "" && byDefault !== flag.default) {
      found.set(`${command} --${flag.name}`, `default ${flag.default ?? "none"}`);
    }
  }
}

describe("docs/compatibility.md", () => {
  const rows = rowsOf(documentNamed("docs/compatibility.md"));

  it("lists every difference of commands, flags and defaults, and no other", () => {
    const listed = new Map(
      rows.flatMap(([subject, here]) => {
        const code = codeIn(subject);
        return code?.startsWith("rkt ") === true && /^(missing|added|default )/.test(here ?? "")
          ? [[code, here ?? ""] as const]
          : [];
      }),
    );
    assert.deepEqual([...listed].sort(), [...differences()].sort());
  });

  it("gives a reason for each of its rows", () => {
    for (const row of rows) assert.ok((row.at(-1) ?? "").length > 10, row.join(" | "));
  });
});
