/** As root alone: a group of this test's own, in a mount namespace of its own, and users who are in it or not. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, lstatSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { groupNumber, makeFolder } from "../../../engine/store/storeModes.ts";
import { importAci, scratchFolder, storeIn } from "./images.ts";

const program = fileURLToPath(new URL("importing.ts", import.meta.url));
const checkout = fileURLToPath(new URL("../../..", import.meta.url));
const GROUP = 48_123;
const USER = 48_124;

describe("the store's permissions", () => {
  const scratch = scratchFolder();
  const data = (): string => join(scratch(), "data");

  /** The program as somebody; the checkout and Node may lie where only root may look, so they are shown elsewhere. */
  function as(person: string): string {
    const groups = join(scratch(), "group");
    writeFileSync(groups, `${readFileSync("/etc/group", "utf8").trim()}\nrkt:x:${GROUP}:\n`);
    chmodSync(scratch(), 0o755);
    const commands = `
      mount --bind "$1" /etc/group
      mount -t tmpfs -o mode=755 tmpfs /mnt
      mkdir /mnt/checkout /mnt/node
      mount --bind "$2" /mnt/checkout
      mount --bind "$(dirname "$3")" /mnt/node
      cd /mnt/checkout
      ${person} /mnt/node/node "/mnt/checkout/\${4#"$2"}" once "$5" 2>&1
    `;
    return execFileSync(
      "unshare",
      [
        ...["--mount", "bash", "-euc", commands, "bash"],
        ...[groups, checkout, process.execPath, program, data()],
      ],
      { encoding: "utf8" },
    );
  }

  const member = `setpriv --reuid ${USER} --regid ${USER} --groups ${GROUP}`;
  const stranger = `setpriv --reuid ${USER} --regid ${USER} --clear-groups`;

  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
  });

  it("let the group fetch and keep its images root's to render", () => {
    as("");
    assert.match(as(member), /^imported\n.*permission denied/);
    const { folders } = { folders: join(data(), "cas") };
    for (const [path, mode] of [
      [data(), 0o2750],
      [folders, 0o2750],
      [join(folders, "blob"), 0o2770],
      [join(folders, "imagelocks"), 0o2770],
      [join(folders, "members"), 0o2770],
      [join(folders, "tmp"), 0o2700],
      [join(folders, "vouched"), 0o2700],
      [join(folders, "tree"), 0o2700],
      [join(folders, "treestorelocks"), 0o2700],
    ] as const) {
      const stats = statSync(path);
      assert.deepEqual([path, stats.mode & 0o7777, stats.gid], [path, mode, GROUP]);
    }
  });

  it("tell a stranger what rkt tells", () => {
    as("");
    assert.equal(as(stranger), `mkdir ${data()}/cas: permission denied\n`);
  });

  it("do not reach into trees: what root unpacks belongs to whom the image says", async () => {
    chmodSync(scratch(), 0o2775);
    chownSync(scratch(), 0, GROUP);
    const { store } = await storeIn(data());
    const { record } = await importAci(store, [
      { name: "dir/", type: "5" },
      { name: "dir/file" },
      { name: "dir/unnamed/file" },
    ]);
    const { rootfs } = await store.render(record.id);
    for (const name of ["", "dir", "dir/file", "dir/unnamed", "dir/unnamed/file"]) {
      const stats = lstatSync(join(rootfs, name));
      assert.deepEqual([name, stats.uid, stats.gid, stats.mode & 0o7000], [name, 0, 0, 0]);
    }
    assert.equal(statSync(dirname(rootfs)).mode & 0o077, 0);
  });

  it("are set whatever the umask, and need no group", () => {
    const before = process.umask(0o077);
    try {
      makeFolder(join(scratch(), "made"), 0o2770, undefined);
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(join(scratch(), "made")).mode & 0o7777, 0o2770);
    assert.equal(groupNumber("no-such-group"), undefined);
    assert.equal(groupNumber("root"), 0);
  });
});
