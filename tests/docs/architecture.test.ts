import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { examplePlan, nodeNamed } from "../components/example-cluster.ts";
import { plainSections } from "../components/rendered-state.ts";
import { roleStates } from "../components/role-states.ts";
import { blocksOf, codeIn, documentNamed, PROJECT, rowsOf } from "./markdown.ts";

const architecture = documentNamed("ARCHITECTURE.md");
const plan = examplePlan();
const states = roleStates(plan, nodeNamed(plan, "one"));

describe("ARCHITECTURE.md", () => {
  it("pictures the tree as it is", () => {
    const [picture = ""] = blocksOf(architecture, "tree");
    let folder = "";
    const pictured = picture.split("\n").flatMap((line) => {
      const [, indent = "", name] = /^( *)(\S+)/.exec(line) ?? [];
      if (name === undefined) return [];
      const path = indent === "" ? name : join(folder, name);
      if (indent === "") folder = name;
      return [path];
    });
    assert.ok(pictured.length > 20);
    for (const path of pictured) assert.ok(existsSync(join(PROJECT, path)), `${path} is pictured`);
  });

  it("tells after what each unit starts", () => {
    const told = rowsOf(architecture).flatMap(([unit, after = ""]): [string, string[]][] => {
      const name = codeIn(unit);
      if (name?.endsWith(".service") !== true) return [];
      return [[name, after.split(",").map((one) => codeIn(one.trim()) ?? "")]];
    });
    const units = Object.values(states).flatMap((state) =>
      Object.entries(state.units ?? {}).map(([name, { sections }]): [string, string[]] => [
        name,
        String(plainSections(sections ?? {})["Unit"]?.["After"] ?? "").split(" "),
      ]),
    );
    assert.deepEqual(Object.fromEntries(told), Object.fromEntries(units));
  });

  it("tells of every role of a host", () => {
    const roles = rowsOf(architecture).flatMap(
      ([resource]) => /^`<host>-([a-z-]+)`$/.exec(resource ?? "")?.[1] ?? [],
    );
    assert.deepEqual(roles.sort(), ["claim", ...Object.keys(states)].sort());
  });
});
