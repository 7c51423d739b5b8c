import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";
import { Scratch, sha256, sha512 } from "./scratch.ts";

describe("an artefact", () => {
  const scratch = new Scratch();
  beforeEach(() => scratch.begin());
  afterEach(() => scratch.end());

  /** As `make tools` leaves it. */
  const build = async (content: string, version: string, said: Properties = {}): Promise<string> => {
    const { folder, index } = scratch.cache;
    const path = join(folder, "artefacts", "containerd", version, "containerd");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    const entry = { path, sha256: sha256(content), size: content.length, version, ...said };
    await writeFile(index, JSON.stringify({ containerd: entry, etcd: entry }));
    return path;
  };
  const BUILT: Properties = { name: "containerd", source: { build: "containerd" } };

  describe("that was built", () => {
    it("is what the index of builds says, in the preview already", async () => {
      const path = await build("one", "2.4.0");
      const run = await scratch.artefact().up(BUILT);
      assert.deepEqual(run.outputs, { path, sha256: sha256("one"), size: 3, version: "2.4.0" });
      assert.deepEqual(run.previewed, run.outputs);
    });

    it("shows as an update when it was built anew, with versions and short checksums", async () => {
      await build("one", "2.4.0");
      const artefact = scratch.artefact();
      await artefact.up(BUILT);
      assert.equal((await artefact.up(BUILT)).operation, "same");
      const path = await build("two", "2.4.1");
      const run = await artefact.up(BUILT);
      assert.deepEqual(run.difference.changes, { sha256: { kind: "update", inputDiff: false } });
      assert.deepEqual(run.difference.lines, [
        `containerd: 2.4.0 → 2.4.1, ${sha256("one").slice(0, 12)} → ${sha256("two").slice(0, 12)}`,
      ]);
      assert.deepEqual(run.previewed, run.outputs);
      assert.deepEqual(run.outputs, { path, sha256: sha256("two"), size: 3, version: "2.4.1" });
    });

    it("is refused when nothing was built yet, with the command that builds it", async () => {
      await assert.rejects(
        scratch.artefact().up(BUILT),
        /artefacts\.json: nothing has been built[^]*make tools/,
      );
    });

    it("is refused when the index has others only, which are listed", async () => {
      await build("one", "1");
      const program = { name: "x", source: { build: "coredns" } };
      await assert.rejects(scratch.artefact().up(program), /no "coredns"[^]*containerd, etcd[^]*make tools/);
    });

    it("is refused when its file is not what the index says, with both checksums", async () => {
      await build("one", "1", { sha256: sha256("two") });
      await assert.rejects(
        scratch.artefact().up(BUILT),
        new RegExp(`got: +sha256 ${sha256("one")}\n +allowed: +sha256 ${sha256("two")}`),
      );
    });

    it("is refused when its file or the index is broken", async () => {
      const path = await build("one", "1");
      await rm(path);
      await assert.rejects(scratch.artefact().up(BUILT), /built "containerd" cannot be read[^]*ENOENT/);
      await writeFile(scratch.cache.index, "{");
      await assert.rejects(scratch.artefact().up(BUILT), /index of builds cannot be read[^]*make tools/);
    });

    it("is found gone by a refresh once its file is", async () => {
      const path = await build("one", "1");
      const artefact = scratch.artefact();
      await artefact.up(BUILT);
      assert.equal(await artefact.refresh(), true);
      await rm(path);
      assert.equal(await artefact.refresh(), false);
    });
  });

  describe("given as a file", () => {
    it("is known by its checksum, in the preview already, and changes with the file", async () => {
      const file = await scratch.file("kubelet", "one");
      const artefact = scratch.artefact();
      const program = { name: "kubelet", source: { file } };
      const first = await artefact.up(program);
      assert.deepEqual(first.previewed, { path: file, sha256: sha256("one"), size: 3 });
      assert.deepEqual(first.outputs, first.previewed);
      assert.equal((await artefact.up(program)).operation, "same");
      await scratch.file("kubelet", "two");
      const second = await artefact.up(program);
      assert.equal(second.operation, "update");
      assert.equal(second.outputs["sha256"], sha256("two"));
    });

    it("is refused with both sums when it isn't what was pinned, in the preview already", async () => {
      const file = await scratch.file("kubelet", "one");
      for (const [algorithm, pin, got] of [
        ["sha256", sha256("two"), sha256("one")],
        ["sha512", sha512("two"), sha512("one")],
      ] as const) {
        const artefact = scratch.artefact();
        const preview = artefact.kind.create(
          { name: "kubelet", source: { file, [algorithm]: pin } },
          artefact.context(true),
        );
        await assert.rejects(
          preview,
          new RegExp(`got: +${algorithm} ${got}\n +allowed: +${algorithm} ${pin}`),
        );
      }
      const pinned = { name: "kubelet", source: { file, sha512: sha512("one").toUpperCase() } };
      assert.equal((await scratch.artefact().up(pinned)).outputs["sha256"], sha256("one"));
    });

    it("is refused when there is none", async () => {
      const program = { name: "kubelet", source: { file: scratch.path("nothing") } };
      await assert.rejects(
        scratch.artefact().up(program),
        /nothing: artefact "kubelet": there is no such file/,
      );
    });

    it("is not read again while its inode, size and times stay", async () => {
      // Any file that has been there for long will do: one just written is not remembered yet.
      const program = { name: "shell", source: { file: "/bin/sh" } };
      const { outputs } = await scratch.artefact().up(program);
      const [entry = ""] = await readdir(scratch.cache.digests);
      const remembered = join(scratch.cache.digests, entry);
      const text = await readFile(remembered, "utf8");
      await writeFile(remembered, text.replace(/^\w+/, "f".repeat(64)));
      const cached = await scratch.artefact().up(program);
      assert.equal(cached.outputs["sha256"], "f".repeat(64));
      await writeFile(remembered, text.replace(/^\w+/, "f".repeat(64)).replace(/\d+$/, "1"));
      const changed = await scratch.artefact().up(program);
      assert.deepEqual(changed.outputs, outputs);
    });
  });

  describe("with mistakes", () => {
    const URL = "https://example.org/x";
    const cases: [string, Properties, string[]][] = [
      ["no source", { name: "x" }, ["source: is required"]],
      [
        "an empty source",
        { name: "x", source: {} },
        ["source: must have exactly one of build, file and url; has none"],
      ],
      [
        "two sources",
        { name: "x", source: { build: "a", file: "b" } },
        ["source: must have exactly one of build, file and url; has build and file"],
      ],
      [
        "a url alone",
        { name: "x", source: { url: URL } },
        ["source: a url needs a sha256 or a sha512 beside it"],
      ],
      [
        "several at once",
        { name: "", source: { url: "ftp://x/y", sha256: "12", member: "../x", colour: "red" } },
        [
          'name: must not be empty; got ""',
          "source.colour: there is no such input; check its spelling",
          'source.member: must be a path without ..; got "../x"',
          'source.sha256: must be 64 hexadecimal digits; got "12"',
          'source.url: must be an http or https URL; got "ftp://x/y"',
        ],
      ],
      [
        "a checksum for a build",
        { name: "x", source: { build: "a", sha256: sha256("") } },
        [
          `source.sha256: what is built here is known by the index of builds, not by a checksum given; got "${sha256("")}"`,
        ],
      ],
      [
        "a member of a file",
        { name: "x", source: { file: "a", member: "b" } },
        ['source.member: is for a url only; got "b"'],
      ],
    ];
    for (const [what, program, expected] of cases) {
      it(`as ${what} is refused, naming each`, async () => {
        const { failures } = await scratch.artefact().up(program);
        assert.deepEqual(
          failures.map(({ property, reason }) => `${property}: ${reason}`),
          expected,
        );
      });
    }

    it("is not refused for what isn't known yet", async () => {
      const artefact = scratch.artefact();
      const { failures } = await artefact.kind.check(
        { name: "x", source: { url: UNKNOWN } },
        {},
        artefact.context(),
      );
      assert.deepEqual(failures, []);
      const preview = await artefact.kind.create({ name: "x", source: UNKNOWN }, artefact.context(true));
      assert.deepEqual(preview.outputs, { path: UNKNOWN, sha256: UNKNOWN, size: UNKNOWN });
    });
  });
});
