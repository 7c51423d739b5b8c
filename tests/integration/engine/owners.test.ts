/** The program that gives a pod's users their files. Needs root, and changes nothing outside its own folder. */
import assert from "node:assert/strict";
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../../commands/program.ts";
import { runProcess, succeeded } from "../../support/process.ts";

const users = ["700000", "65536"] as const;
/** CAP_NET_BIND_SERVICE, permitted and in force at once: version 2, which has no root of its own. */
const capability = "0100000200040000000000000000000000000000";

/** Numbers of setxattr and getxattr: every Debian has perl, and few have a program for attributes. */
const attributeCalls = process.arch === "arm64" ? { set: 5, get: 8 } : { set: 188, get: 191 };

describe("the owners of a pod's files", function () {
  this.timeout(60_000);
  let folder: string;
  let owners: string;

  before(async function () {
    if (process.getuid?.() !== 0) this.skip();
    folder = await mkdtemp(join(tmpdir(), "owners-"));
    owners = join(folder, "owners");
    const source = join(PROJECT, "stage1/users/owners.c");
    succeeded(await runProcess("cc", ["-O1", "-o", owners, source]), "compiling owners");
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function tree(name: string): Promise<string> {
    const top = join(folder, name);
    await mkdir(top);
    await writeFile(join(top, "program"), "text");
    await chmod(join(top, "program"), 0o4755);
    await symlink("/nowhere", join(top, "link"));
    return top;
  }

  it("are the pod's in a tree that was given, links and privileges too", async () => {
    const top = await tree("given");
    const capable = join(top, "capable");
    await writeFile(capable, "");
    const written = `my ($file, $name, $set) = ($ARGV[0], "security.capability", pack("H*", $ARGV[1]));
      syscall(${attributeCalls.set}, $file, $name, $set, 20, 0) == 0 or die $!`;
    succeeded(await runProcess("perl", ["-e", written, capable, capability]), "setxattr");
    succeeded(await runProcess(owners, ["give", ...users, top]), "give");
    for (const name of [".", "program", "link", "capable"]) {
      const { uid, gid } = await lstat(join(top, name));
      assert.deepEqual([uid, gid], [700_000, 700_000], name);
    }
    assert.equal((await stat(join(top, "program"))).mode & 0o7777, 0o4755);
    const read = `my ($file, $name, $set) = ($ARGV[0], "security.capability", "0" x 64);
      my $count = syscall(${attributeCalls.get}, $file, $name, $set, 64);
      print unpack("H*", substr($set, 0, $count))`;
    const { stdout } = await runProcess("perl", ["-e", read, capable]);
    // Version 3, for the root of the pod: 700000 in the last four bytes.
    assert.equal(stdout.trim(), `${capability.slice(0, 6)}03${capability.slice(8)}60ae0a00`);
  });

  it("are seen by a command that enters as the pod sees them", async () => {
    const top = await tree("entered");
    succeeded(await runProcess(owners, ["give", ...users, top]), "give");
    const seen = await runProcess(owners, ["enter", ...users, "stat", "--format=%u", "program"], {
      cwd: top,
    });
    assert.equal(succeeded(seen, "enter"), "0\n");
  });

  it("are mapped where the table says so, in mounts that end with the command", async () => {
    const top = await tree("mapped");
    const place = join(folder, "place");
    await mkdir(place);
    const words = [
      place,
      "mapped",
      top,
      `${place}/0`,
      "plain",
      top,
      `${place}/1`,
      "folder",
      "",
      `${place}/2`,
    ];
    await writeFile(join(folder, "table"), words.map((word) => `${word}\0`).join(""));
    const script = `cd "${place}" && stat --format=%u 0/program 1/program 2`;
    const seen = await runProcess(owners, [
      ...["mount", ...users, join(folder, "table")],
      ...["/bin/sh", "-c", script],
    ]);
    assert.equal(succeeded(seen, "mount"), "700000\n0\n0\n");
    assert.doesNotMatch(await readFile("/proc/self/mountinfo", "utf8"), new RegExp(place));
  });

  it("leave nothing of the question whether they can be mapped", async () => {
    const asked = join(folder, "asked");
    await mkdir(asked);
    const { code } = await runProcess(owners, ["probe", ...users, asked]);
    assert.ok(code === 0 || code === 1);
    succeeded(await runProcess("rmdir", [asked]), "the folder is empty");
  });
});
