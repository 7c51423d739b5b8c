import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";
import { LyingServer, serves } from "./lying-server.ts";
import { Scratch, sha256 } from "./scratch.ts";

describe("an artefact that is a member of an archive", () => {
  const scratch = new Scratch();
  const server = new LyingServer();
  beforeEach(async () => {
    await scratch.begin();
    await server.start();
    await mkdir(scratch.path("tree/bin"), { recursive: true });
    await writeFile(scratch.path("tree/bin/containerd"), "a program");
    await writeFile(scratch.path("tree/bin/c[d].txt"), "a strange name");
  });
  afterEach(async () => {
    server.stop();
    await scratch.end();
  });

  const archive = (command: string, ...args: string[]): void => {
    execFileSync(command, args, { cwd: scratch.path("tree"), stdio: ["ignore", "ignore", "inherit"] });
  };
  const serve = async (member: string): Promise<Properties> => {
    const bytes = await readFile(scratch.path("archive"));
    server.will(serves(bytes));
    return { name: "containerd", source: { url: server.url("a"), sha256: sha256(bytes), member } };
  };
  const has = (command: string): boolean => {
    try {
      execFileSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };

  const kinds: [string, string, string[]][] = [
    ["tar.gz", "gzip", ["tar", "-czf", "../archive", "bin"]],
    ["tar.gz made of a whole folder", "gzip", ["tar", "-czf", "../archive", "."]],
    ["tar.zst", "zstd", ["tar", "--zstd", "-cf", "../archive", "bin"]],
    ["tar.xz", "xz", ["tar", "-cJf", "../archive", "bin"]],
    // Python's module, since a Debian has `unzip` more often than `zip`.
    ["zip", "unzip", ["python3", "-m", "zipfile", "-c", "../archive", "bin"]],
  ];
  for (const [format, tool, [command = "", ...args]] of kinds) {
    it(`is taken out of a ${format}`, async function () {
      if (!has(tool) || !has(command)) this.skip();
      archive(command, ...args);
      for (const [member, content] of [
        ["bin/containerd", "a program"],
        ["bin/c[d].txt", "a strange name"],
      ] as const) {
        const { outputs, previewed } = await scratch.artefact().up(await serve(member));
        const path = outputs["path"];
        assert.ok(typeof path === "string");
        assert.equal(await readFile(path, "utf8"), content);
        assert.equal(outputs["sha256"], sha256(content));
        assert.equal(outputs["size"], content.length);
        assert.equal(previewed["path"], outputs["path"]);
        assert.equal(previewed["sha256"], UNKNOWN);
      }
    });
  }

  it("stays as it is, and two of one archive cost one download", async () => {
    archive("tar", "-czf", "../archive", "bin");
    const program = await serve("bin/containerd");
    const other = { ...program, source: { ...(program["source"] as Properties), member: "bin/c[d].txt" } };
    const artefact = scratch.artefact();
    await Promise.all([artefact.up(program), scratch.artefact().up(other), scratch.artefact().up(program)]);
    assert.equal((await artefact.up(program)).operation, "same");
    assert.equal(server.requests.length, 1);
  });

  it("that isn't in it is refused, with those that are; nothing is left of the attempt", async () => {
    archive("tar", "-czf", "../archive", "bin");
    const program = await serve("bin/runc");
    await assert.rejects(
      scratch.artefact().up(program),
      /doesn't give up "bin\/runc"[^]*bin\/containerd[^]*cause:[^]*Not found in archive/,
    );
    const folder = (await scratch.downloads()).find((name) => name.endsWith(".members"));
    assert.deepEqual(await readdir(join(scratch.cache.downloads, folder ?? "", "bin")), []);
  });

  it("of something that is no archive is refused", async () => {
    await scratch.file("archive", "just text");
    const program = await serve("bin/containerd");
    await assert.rejects(scratch.artefact().up(program), /doesn't give up "bin\/containerd"[^]*tar/);
  });
});
