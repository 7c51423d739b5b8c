import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { cacheFolder } from "../../tools/cache-folder.ts";
import type { Program } from "../../tools/catalogue.ts";
import { compile, findGo, satisfies } from "../../tools/go-compiler.ts";

describe("satisfies", () => {
  it("takes the wanted release and later patches of it, and nothing else", () => {
    assert.equal(satisfies("go1.26.8", "1.26.8"), true);
    assert.equal(satisfies("go1.26.12", "1.26.8"), true);
    for (const other of ["go1.26.7", "go1.26", "go1.27.9", "go1.19.8", "go1.26rc1", "devel go1.26.9", ""])
      assert.equal(satisfies(other, "1.26.8"), false, other);
  });
});

describe("a Go compiler", () => {
  let root = "";
  const cache = (): ReturnType<typeof cacheFolder> => cacheFolder({ RKTNETES_CACHE: root });
  const program: Program = {
    name: "tool",
    purpose: "a test",
    coldSeconds: 1,
    steps: [{ binaries: [{ artefact: "tool", package: "." }] }],
  };
  const recipe = {
    program,
    version: "v1.0.0",
    key: "k",
    commands: [{ arguments: ["build", "-trimpath"], packages: ["."] }],
  };
  const silent = { fetching: () => undefined, packages: () => undefined, compiled: () => undefined };

  /** A stand-in that answers as Go does: the real one belongs to the integration tests. */
  const fakeGo = (body: string): void => {
    const bin = join(root, "go", "toolchain", "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "go"), `#!/bin/sh\n[ "$1" = env ] && echo go1.26.8 && exit 0\n${body}\n`);
    chmodSync(join(bin, "go"), 0o755);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "go-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("is the one in the cache when that is of the wanted version", async () => {
    fakeGo("exit 0");
    const go = await findGo(cache(), "1.26.8");
    assert.equal(go.command, join(root, "go", "toolchain", "bin", "go"));
    assert.equal(go.environment["GOMODCACHE"], join(root, "go", "mod"));
  });

  it("is refused by name and version when none is new enough", async () => {
    fakeGo("exit 0");
    await assert.rejects(findGo(cache(), "1.99.0"), /toolchain\/bin\/go is go1\.26\.8[^]*go 1\.99\.0/);
  });

  it("tells of modules fetched, packages counted and packages compiled, and writes where it was told", async () => {
    fakeGo(
      'case "$1" in list) echo "go: downloading a.b/c v1.0.0" >&2; printf "fmt\\na.b/c\\n";; build) echo a.b/c >&2; while [ "$1" != -o ]; do shift; done; echo made > "$2/tool";; esac',
    );
    const heard: string[] = [];
    await compile(await findGo(cache(), "1.26.8"), recipe, root, join(root, "out"), {
      fetching: (module) => heard.push(`fetch ${module}`),
      packages: (total) => heard.push(`total ${String(total)}`),
      compiled: (path) => heard.push(`compiled ${path}`),
    });
    assert.deepEqual(heard, ["fetch a.b/c", "total 2", "compiled a.b/c"]);
    assert.equal(readFileSync(join(root, "out", "tool"), "utf8"), "made\n");
  });

  it("fails with what the compiler said last", async () => {
    fakeGo('[ "$1" = list ] && exit 0; echo "./main.go:3:1: syntax error" >&2; exit 1');
    const go = await findGo(cache(), "1.26.8");
    await assert.rejects(
      compile(go, recipe, root, join(root, "out"), silent),
      /go build failed with exit code 1[^]*main\.go:3:1: syntax error/,
    );
  });
});
