import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { availableCommands } from "../../../engine/cli/available.ts";
import { manPages } from "../../../engine/cli/manPages.ts";

describe("manPages", () => {
  it("has a page for every command that needs no experiment, and one for all", () => {
    const pages = manPages();
    assert.ok(pages.has("rkt.1"));
    assert.ok(pages.has("rkt-run.1"));
    for (const { name, gate, alias } of availableCommands) {
      if (gate === undefined && alias === undefined) {
        assert.ok(pages.has(`rkt-${name.replaceAll(" ", "-")}.1`), name);
      }
    }
  });

  it("names every flag that is no secret", () => {
    const page = manPages().get("rkt-run.1") ?? "";
    for (const flag of ["net", "volume", "memory", "insecure\\-options"]) {
      assert.ok(page.includes(`\\-\\-${flag}`), flag);
    }
    assert.ok(!page.includes("cap\\-retain="), "a deprecated flag is shown");
  });

  it("is roff without complaints", function () {
    if (spawnSync("groff", ["--version"]).error !== undefined) this.skip();
    const input = [...manPages().values()].join("");
    const { stderr } = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-z"], { input });
    assert.equal(stderr.toString(), "");
  });
});
