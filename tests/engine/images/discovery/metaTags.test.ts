import assert from "node:assert/strict";
import fc from "fast-check";
import { discoveryTagsIn } from "../../../../engine/images/discovery/metaTags.ts";
import { endpointOf } from "../../../../engine/images/discovery/template.ts";
import { parseName } from "../../../../engine/images/reference.ts";

const tag = { name: "ac-discovery", prefix: "example.com", template: "https://x/{name}.{ext}" };

describe("the meta tags of a page", () => {
  it("are found however they are written", () => {
    const ways = [
      '<meta name="ac-discovery" content="example.com https://x/{name}.{ext}">',
      "<META content='example.com   https://x/{name}.{ext}' name=ac-discovery />",
      '<html><head><meta charset=utf-8><meta\n name = "ac-discovery"\ncontent="example.com https://x/{name}.{ext}"/></head>',
    ];
    for (const page of ways) assert.deepEqual(discoveryTagsIn(page), [tag], page);
  });

  it("have their entities read", () => {
    const page = '<meta name="ac-discovery" content="a https://x/?a=1&amp;b={ext}">';
    assert.equal(discoveryTagsIn(page)[0]?.template, "https://x/?a=1&b={ext}");
  });

  it("are not those in comments and scripts, nor of other names, nor without a template", () => {
    const meta = '<meta name="ac-discovery" content="example.com https://x/{name}.{ext}">';
    for (const page of [
      `<!-- ${meta} -->`,
      `<script>"${meta}"</script>`,
      `<textarea>${meta}`,
      meta.replace("ac-discovery", "ac-other"),
      '<meta name="ac-discovery" content="example.com">',
      '<metadata name="ac-discovery" content="a b">',
    ]) {
      assert.deepEqual(discoveryTagsIn(page), [], page);
    }
  });

  it("are looked for in any text, without end in none", () => {
    const piece = fc.constantFrom(
      "<meta",
      "<!--",
      "-->",
      " name=",
      '"',
      "'",
      ">",
      "<script",
      "content",
      "/",
      " ",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) =>
        Array.isArray(discoveryTagsIn(pieces.join(""))),
      ),
    );
    const hostile = "<meta ".repeat(100_000);
    const begun = performance.now();
    discoveryTagsIn(hostile);
    discoveryTagsIn("<script>".repeat(100_000));
    discoveryTagsIn("<!--".repeat(100_000));
    assert.ok(performance.now() - begun < 5_000);
  });
});

describe("a template", () => {
  it("is filled with name and labels, and latest where no version is asked for", () => {
    const endpoint = endpointOf("https://x/{os}/{name}-{version}.{ext}", parseName("a.b/c,os=linux"));
    assert.equal(endpoint?.image.href, "https://x/linux/a.b/c-latest.aci");
    assert.equal(endpoint.signature.href, "https://x/linux/a.b/c-latest.aci.asc");
  });

  it("leads nowhere when something stays open, or to what is no web address", () => {
    for (const template of [
      "https://x/{zone}.{ext}",
      "file:///{name}.{ext}",
      "{name}.{ext}",
      "https://u:p@x/{ext}",
    ]) {
      assert.equal(endpointOf(template, parseName("a.b/c")), undefined, template);
    }
  });

  it("does not fill in what a label brings along", () => {
    const endpoint = endpointOf("https://x/{version}.{ext}", parseName("a.b/c:%7Bext%7D"));
    assert.equal(endpoint, undefined);
  });
});
