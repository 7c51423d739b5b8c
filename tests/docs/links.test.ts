import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { documentNamed, documents, PROJECT, type Document } from "./markdown.ts";

describe("the documents", () => {
  for (const document of documents()) {
    it(`link to what is there: ${document.name}`, () => {
      for (const target of linksOf(document)) {
        if (/^https?:/.test(target)) continue;
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document.name : normalize(join(dirname(document.name), path));
        assert.ok(existsSync(join(PROJECT, file)), `${document.name} links to ${target}`);
        if (anchor !== undefined) {
          assert.ok(anchorsOf(documentNamed(file)).includes(anchor), `${document.name} links to ${target}`);
        }
      }
    });

    it(`name make targets that there are: ${document.name}`, () => {
      const makefile = readFileSync(join(PROJECT, "Makefile"), "utf8");
      for (const [, target = ""] of document.text.matchAll(/(?:`|^)(?:[A-Z_]+=\S+ )*make ([a-z0-9]+)/gm)) {
        assert.match(makefile, new RegExp(`^${target}:`, "m"), `${document.name} says make ${target}`);
      }
    });

    it(`name only this project: ${document.name}`, () => {
      assert.doesNotMatch(document.text, /\/root\/|\/work\//);
    });
  }
});

function linksOf({ text }: Document): readonly string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(([, target]) => target ?? []);
}

/** As the usual renderers make them of headings. */
function anchorsOf({ text }: Document): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
