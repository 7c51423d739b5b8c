import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadConfiguration } from "../../../engine/configuration/load.ts";
import { showConfiguration } from "../../../engine/configuration/show.ts";

const basic = { rktKind: "auth", rktVersion: "v1", type: "basic" };
const stage1 = { rktKind: "stage1", rktVersion: "v1" };
const paths = { rktKind: "paths", rktVersion: "v1" };

describe("loadConfiguration", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "rkt-configuration-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function write(path: string, content: unknown, mode = 0o600): void {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content), { mode });
    chmodSync(file, mode);
  }

  function load(): ReturnType<typeof loadConfiguration> {
    return loadConfiguration([join(root, "system"), join(root, "local"), join(root, "user")]);
  }

  function mistake(): string {
    try {
      load();
    } catch (error) {
      return (error as Error).message;
    }
    return assert.fail("the configuration was accepted");
  }

  it("takes folders that are not there for empty ones", () => {
    const { configuration, warnings } = load();
    assert.equal(configuration.auth.size, 0);
    assert.deepEqual(configuration.paths, {});
    assert.deepEqual(warnings, []);
  });

  it("lets later folders win entry by entry", () => {
    write("system/auth.d/a.json", {
      ...basic,
      domains: ["foo.com", "bar.com"],
      credentials: { user: "s", password: "s" },
    });
    write("user/auth.d/a.json", {
      ...basic,
      domains: ["foo.com"],
      credentials: { user: "u", password: "u" },
    });
    write("system/stage1.d/a.json", {
      ...stage1,
      name: "example.com/one",
      version: "1",
      location: "/one.aci",
    });
    write("local/stage1.d/a.json", { ...stage1, location: "https://example.com/two.aci" });
    const { configuration } = load();
    assert.deepEqual(configuration.auth.get("foo.com"), { type: "basic", user: "u", password: "u" });
    assert.deepEqual(configuration.auth.get("bar.com"), { type: "basic", user: "s", password: "s" });
    assert.deepEqual(configuration.stage1, {
      name: "example.com/one",
      version: "1",
      location: "https://example.com/two.aci",
    });
  });

  it("reads only files ending in .json that lie directly in the folder", () => {
    write("local/paths.d/notes.txt", "nothing");
    write("local/paths.d/deeper/a.json", "nothing");
    assert.deepEqual(load().configuration.paths, {});
  });

  it("warns of credentials that everyone can read", () => {
    write(
      "local/auth.d/a.json",
      { ...basic, domains: ["foo.com"], credentials: { user: "u", password: "p" } },
      0o644,
    );
    assert.match(load().warnings.join("\n"), /a\.json holds credentials and can be read by everyone/);
  });

  const refused: readonly [string, string, unknown, string][] = [
    [
      "a stage1 name without version",
      "stage1.d",
      { ...stage1, name: "a" },
      "invalid stage1 configuration: default stage1 image name specified, but version is missing",
    ],
    [
      "a stage1 version without name",
      "stage1.d",
      { ...stage1, version: "1" },
      "invalid stage1 configuration: default stage1 image version specified, but name is missing",
    ],
    [
      "another version",
      "stage1.d",
      { ...stage1, rktVersion: "v2" },
      'no parser available for configuration of kind "stage1" and version "v2"',
    ],
    [
      "a relative stage1 location",
      "stage1.d",
      { ...stage1, location: "one.aci" },
      "location is either a relative path or a URL without scheme",
    ],
    [
      "a stage1 location of another scheme",
      "stage1.d",
      { ...stage1, location: "ftp://x/y" },
      'invalid scheme "ftp", allowed schemes are "file", "http", "https", "docker"',
    ],
    [
      "a relative data folder",
      "paths.d",
      { ...paths, data: "data" },
      "data directory must be an absolute path",
    ],
    [
      "an unknown type",
      "auth.d",
      { ...basic, type: "foo", domains: ["a"], credentials: {} },
      'unknown auth type: "foo"',
    ],
    ["no domains", "auth.d", { ...basic, domains: [] }, "no domains specified"],
    ["no type", "auth.d", { ...basic, type: "", domains: ["a"] }, "no auth type specified"],
    ["no user", "auth.d", { ...basic, domains: ["a"], credentials: { password: "p" } }, "user not specified"],
    [
      "no password",
      "auth.d",
      { ...basic, domains: ["a"], credentials: { user: "u" } },
      "password not specified",
    ],
    ["no registries", "auth.d", { rktKind: "dockerAuth", rktVersion: "v1" }, "no registries specified"],
    ["no kind", "auth.d", { rktVersion: "v1" }, "no rktKind specified in"],
  ];
  for (const [what, folder, content, words] of refused) {
    it(`refuses ${what} in rkt's words`, () => {
      write(`local/${folder}/a.json`, content);
      assert.ok(mistake().includes(words), mistake());
    });
  }

  it("names folder, file and kinds when a file lies in the wrong folder", () => {
    write("local/stage1.d/a.json", paths);
    assert.equal(
      mistake(),
      `the configuration directory "${root}/local/stage1.d" expects to have configuration files of kinds "stage1", but "a.json" has kind of "paths"`,
    );
  });

  it("refuses what one folder says twice", () => {
    write("local/paths.d/a.json", { ...paths, data: "/a" });
    write("local/paths.d/b.json", { ...paths, data: "/b" });
    assert.match(mistake(), /^data directory is already specified/);
  });

  it("shows nothing of a file with a syntax error, which may hold a password", () => {
    write("local/auth.d/a.json", '{"password": "hunter2" oops');
    assert.match(mistake(), /failed to parse/);
    assert.doesNotMatch(mistake(), /hunter2/);
  });

  it("is shown in rkt's form, one entry for each domain", () => {
    write("local/auth.d/a.json", {
      ...basic,
      domains: ["b.com", "a.com"],
      credentials: { user: "u", password: "p" },
    });
    const shown = JSON.parse(showConfiguration(load().configuration)) as {
      stage0: { rktKind: string; domains?: string[] }[];
    };
    assert.deepEqual(
      shown.stage0.map((entry) => entry.domains ?? entry.rktKind),
      [["a.com"], ["b.com"], "paths", "stage1"],
    );
  });
});
