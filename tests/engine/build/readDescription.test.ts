import assert from "node:assert/strict";
import fc from "fast-check";
import { Fault } from "../../../errors/fault.ts";
import { parseDescription } from "../../../engine/build/readDescription.ts";
import { manifestOf } from "../../../engine/build/manifestOf.ts";
import { parseImageManifest } from "../../../engine/appc/parseImageManifest.ts";

function refusal(text: string): string {
  try {
    parseDescription(text, "x.yaml");
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error.message;
  }
  return assert.fail("it was not refused");
}

const manifest = (text: string, base?: object): ReturnType<typeof manifestOf> =>
  manifestOf(parseDescription(text, "x.yaml"), {
    base: base === undefined ? undefined : parseImageManifest(JSON.stringify(base)),
    architecture: "amd64",
  });

describe("a description", () => {
  it("is YAML or JSON", () => {
    const yaml = parseDescription("name: example.com/a\nexec: [/a, b]\n", "x.yaml");
    assert.deepEqual(parseDescription('{"name": "example.com/a", "exec": ["/a", "b"]}', "x.json"), yaml);
  });

  it("tells all mistakes at once, each with its place, what was found and what is allowed", () => {
    const said = refusal(`
name: Example.com/a
labels: { version: 1.10 }
ports: { www: { port: 70000 }, WWW: { port: 1 } }
mountPoints: { html: { path: relative } }
isolators: { resource/memory: { limit: lots } }
environment: { "1A": b }
colour: red
steps:
  - copy: ../secret
    to: /a
    mode: 0755
`);
    assert.match(said, /^x\.yaml: the description has 10 mistakes$/m);
    for (const place of [
      "name",
      "labels.version",
      "ports.www.port",
      "ports.WWW",
      "mountPoints.html.path",
      'isolators["resource/memory"]',
      "environment.1A",
      "colour",
      "steps[0].copy",
      "steps[0].mode",
    ]) {
      assert.ok(said.includes(`- ${place}\n    got:     `), `${place} in ${said}`);
    }
    assert.match(said, /- steps\[0\]\.copy\n {4}got: {5}"\.\.\/secret"\n {4}allowed: a path within/);
  });

  it("takes no mode that YAML has read as a decimal number", () => {
    assert.match(
      refusal("steps: [{ write: a, to: /a, mode: 0755 }]"),
      /steps\[0\]\.mode\n.*755\n.*as a text of octal digits, such as "0755"/,
    );
  });

  it("has steps that do one thing each, with what belongs to it", () => {
    assert.match(refusal("steps: [{ copy: a, run: [b] }]"), /exactly one of copy, write, link/);
    assert.match(refusal("steps: [{}]"), /exactly one of/);
    assert.match(refusal("steps: [{ copy: a }]"), /steps\[0\]\.to\n {4}got: {5}nothing/);
    assert.match(refusal("steps: [{ remove: /a, uid: 1 }]"), /nothing beside remove/);
    assert.match(refusal("steps: [{ remove: / }]"), /a path below \//);
    assert.match(refusal("steps: [{ copy: a, to: /a/../b }]"), /without \. and \.\./);
    assert.match(refusal("steps: [{ copy: a, to: /a, keep: true, mode: '0644' }]"), /true without mode/);
  });

  it("is refused with the line where it is no YAML, or has a key twice", () => {
    assert.match(refusal("name: [a\n"), /neither YAML nor JSON\n- .*line 2/s);
    assert.match(refusal("name: a\nname: b\n"), /Map keys must be unique.*line 2/s);
    assert.match(refusal("just words"), /the whole\n/);
  });

  it("does not swell by its aliases", () => {
    const nines = (name: string): string => Array.from({ length: 9 }, () => `*${name}`).join(", ");
    const layers = Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [${nines(`a${at}`)}]`);
    const bomb = ["a0: &a0 [x]", ...layers].join("\n");
    assert.match(refusal(bomb), /cannot be read/);
  });
});

describe("whatever is written as a description", () => {
  it("is one, or refused with a fault", () => {
    const step = fc.dictionary(
      fc.constantFrom(
        "copy",
        "write",
        "link",
        "folder",
        "remove",
        "run",
        "to",
        "mode",
        "uid",
        "keep",
        "user",
      ),
      fc.oneof(fc.constantFrom("/a", "a", "../a", "0755"), fc.boolean(), fc.integer(), fc.array(fc.string())),
    );
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({ steps: fc.array(step) }),
      fc.dictionary(
        fc.constantFrom("name", "labels", "ports", "isolators", "environment", "time", "steps", "__proto__"),
        fc.jsonValue(),
      ),
    );
    fc.assert(
      fc.property(anything, (value) => {
        try {
          parseDescription(JSON.stringify(value), "x.json");
        } catch (error) {
          assert.ok(error instanceof Fault, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the manifest of a description", () => {
  it("is for this machine, unless another is said", () => {
    assert.deepEqual(manifest("name: example.com/a").labels, [
      { name: "os", value: "linux" },
      { name: "arch", value: "amd64" },
    ]);
    const other = manifest("{ name: example.com/a, labels: { version: '1', arch: aarch64 } }");
    assert.deepEqual(
      other.labels.map(({ value }) => value),
      ["linux", "aarch64", "1"],
    );
  });

  it("has no app where nothing is said of one, and root's where no user is named", () => {
    assert.equal(manifest("name: example.com/a").app, undefined);
    const { app } = manifest("{ name: example.com/a, exec: [/a] }");
    assert.deepEqual([app?.user, app?.group], ["0", "0"]);
  });

  const base = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name: "example.com/base",
    labels: [{ name: "version", value: "1" }],
    annotations: [{ name: "authors", value: "They" }],
    dependencies: [{ imageName: "example.com/below" }],
    app: {
      exec: ["/base"],
      user: "7",
      group: "8",
      environment: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
      ports: [{ name: "www", protocol: "tcp", port: 80 }],
    },
  };

  it("is that of the image that is built upon, where nothing else is said", () => {
    const built = manifest("from: x", base);
    assert.equal(built.name, "example.com/base");
    assert.deepEqual(built.app?.exec, ["/base"]);
    assert.deepEqual(built.labels, base.labels);
    // Its files are this image's own by then.
    assert.deepEqual(built.dependencies, []);
  });

  it("changes by name what it is told to, and takes away what is null", () => {
    const built = manifest(
      "{ name: example.com/a, environment: { A: x, B: null, C: y }, ports: { www: null }, annotations: { authors: null } }",
      base,
    );
    assert.deepEqual(built.app?.environment, [
      { name: "A", value: "x" },
      { name: "C", value: "y" },
    ]);
    assert.deepEqual([built.app.ports, built.annotations], [[], []]);
    assert.deepEqual([built.app.user, built.app.exec], ["7", ["/base"]]);
  });

  it("is refused without a name, and with what no image may say", () => {
    assert.throws(() => manifest("exec: [/a]"), /the image has no name/);
    assert.throws(() => manifest("{ name: example.com/a, labels: { arch: x86 } }"), /bad arch "x86"/);
  });
});
