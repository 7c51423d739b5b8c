import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TarReader } from "../../../../engine/images/unpack/TarReader.ts";
import { TreeWriter } from "../../../../engine/images/unpack/TreeWriter.ts";
import type { LayerOptions, TreeLimits } from "../../../../engine/images/unpack/TreeWriter.ts";
import { scratchFolder } from "../../store/images.ts";
import { archiveOf, gnuLong, headerOf, memberBytes, paxHeader, withChecksum } from "./archive.ts";
import type { Member } from "./archive.ts";

const isRoot = process.geteuid?.() === 0;

interface Unpacked {
  readonly folder: string;
  readonly warnings: readonly string[];
}

/** Unpacks archives, one over the other, into `tree` of a scratch folder that holds a file `outside`. */
async function unpack(
  scratch: string,
  archives: readonly Buffer[],
  options: { readonly layer?: LayerOptions; readonly owners?: boolean; readonly limits?: TreeLimits } = {},
): Promise<Unpacked> {
  writeFileSync(join(scratch, "outside"), "untouched");
  const folder = join(scratch, "tree");
  mkdirSync(folder);
  const warnings: string[] = [];
  const tree = new TreeWriter(folder, {
    owners: options.owners ?? isRoot,
    warn: (text) => warnings.push(text),
    ...(options.limits !== undefined && { limits: options.limits }),
  });
  for (const archive of archives) {
    tree.layer(options.layer ?? {});
    const reader = new TarReader(tree);
    // In odd pieces, so that headers are cut.
    for (let at = 0; at < archive.length; at += 777) reader.write(archive.subarray(at, at + 777));
    reader.end();
  }
  await tree.finish();
  return { folder, warnings };
}

describe("unpacking", () => {
  const scratch = scratchFolder();
  const unpackMembers = (...members: Member[]): Promise<Unpacked> => unpack(scratch(), [archiveOf(members)]);

  it("keeps contents, modes, times, links and empty files", async () => {
    const { folder } = await unpackMembers(
      { name: "dir/", type: "5", mode: 0o750, mtime: 1_000_000_000 },
      { name: "dir/file", content: "x".repeat(2000), mode: 0o640, mtime: 1_100_000_000 },
      { name: "dir/empty" },
      { name: "link", type: "2", target: "dir/file", mtime: 1_200_000_000 },
      { name: "hard", type: "1", target: "dir/file" },
    );
    assert.equal(readFileSync(join(folder, "dir/file"), "utf8"), "x".repeat(2000));
    assert.equal(statSync(join(folder, "dir/file")).mode & 0o7777, 0o640);
    assert.equal(statSync(join(folder, "dir/file")).mtimeMs, 1_100_000_000_000);
    assert.equal(statSync(join(folder, "dir")).mode & 0o7777, 0o750);
    assert.equal(statSync(join(folder, "dir")).mtimeMs, 1_000_000_000_000);
    assert.equal(statSync(join(folder, "dir/empty")).size, 0);
    assert.equal(readlinkSync(join(folder, "link")), "dir/file");
    assert.equal(lstatSync(join(folder, "link")).mtimeMs, 1_200_000_000_000);
    assert.equal(statSync(join(folder, "hard")).ino, statSync(join(folder, "dir/file")).ino);
  });

  it("makes what tar makes of tar's own archives", async () => {
    const source = join(scratch(), "source");
    mkdirSync(join(source, "a".repeat(90), "b".repeat(90)), { recursive: true });
    writeFileSync(join(source, "a".repeat(90), "b".repeat(90), "ünïcode"), "deep");
    writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0xff, 0xfe, 0x41])]), "bytes");
    for (const format of ["gnu", "posix", "ustar", "oldgnu"]) {
      const archive = execFileSync("tar", [`--format=${format}`, "-C", source, "-cf", "-", "."]);
      const { folder } = await unpack(scratch(), [archive]);
      execFileSync("diff", ["-r", source, folder]);
      execFileSync("rm", ["-r", folder]);
    }
  });

  it("keeps names that are no UTF-8 as they are", async () => {
    const name = Buffer.from([0xff, 0x41, 0xfe, 0x0a]);
    const { folder } = await unpackMembers({ name, content: "x" });
    assert.deepEqual(readdirSync(folder, { encoding: "buffer" }), [name]);
  });

  for (const name of ["../outside", "a/../../outside", "..", "a/.."]) {
    it(`refuses the name ${name}`, async () => {
      await assert.rejects(unpackMembers({ name, content: "x" }), /leads out of its tree/);
      assert.equal(readFileSync(join(scratch(), "outside"), "utf8"), "untouched");
    });
  }

  it("puts an absolute name below the tree", async () => {
    const { folder } = await unpackMembers({ name: "/etc//./x", content: "1" });
    assert.equal(readFileSync(join(folder, "etc/x"), "utf8"), "1");
  });

  const escapes: readonly (readonly [string, string])[] = [
    ["a relative one", "../../../../../../../../.."],
    ["an absolute one", "/"],
    ["one by way of a folder", "sub/../../.."],
  ];
  for (const [what, target] of escapes) {
    it(`writes through a link to the top, ${what}, into the tree alone`, async () => {
      const { folder } = await unpackMembers(
        { name: "sub/", type: "5" },
        { name: "way", type: "2", target },
        { name: "way/outside", content: "inside" },
      );
      assert.equal(readFileSync(join(folder, "outside"), "utf8"), "inside");
      assert.equal(readFileSync(join(scratch(), "outside"), "utf8"), "untouched");
    });
  }

  it("replaces a link by a file of its name instead of writing through it", async () => {
    const { folder } = await unpackMembers(
      { name: "way", type: "2", target: "../outside" },
      { name: "way", content: "mine" },
    );
    assert.equal(lstatSync(join(folder, "way")).isFile(), true);
    assert.equal(readFileSync(join(scratch(), "outside"), "utf8"), "untouched");
  });

  it("replaces a link by a directory of its name", async () => {
    const { folder } = await unpackMembers(
      { name: "way", type: "2", target: ".." },
      { name: "way/", type: "5" },
      { name: "way/outside", content: "mine" },
    );
    assert.equal(readFileSync(join(folder, "way/outside"), "utf8"), "mine");
    assert.equal(readFileSync(join(scratch(), "outside"), "utf8"), "untouched");
  });

  it("does not change what a hard link shares when its name comes again", async () => {
    const { folder } = await unpackMembers(
      { name: "a", content: "first" },
      { name: "b", type: "1", target: "a" },
      { name: "b", content: "second" },
      { name: "a", type: "1", target: "a" },
    );
    assert.equal(readFileSync(join(folder, "a"), "utf8"), "first");
    assert.equal(readFileSync(join(folder, "b"), "utf8"), "second");
  });

  const badLinks: readonly (readonly [string, string])[] = [
    ["../outside", "leads out of its tree"],
    ["nothing", "leads to nothing"],
    ["dir", "leads to a directory"],
    ["way/outside", "leads to nothing"],
  ];
  for (const [target, message] of badLinks) {
    it(`refuses a hard link to ${target}`, async () => {
      const members: Member[] = [
        { name: "dir/", type: "5" },
        { name: "way", type: "2", target: ".." },
        { name: "hard", type: "1", target },
      ];
      await assert.rejects(unpackMembers(...members), new RegExp(message));
    });
  }

  it("refuses an entry below a file and one below links in a circle", async () => {
    await assert.rejects(unpackMembers({ name: "a" }, { name: "a/b" }), /below a file/);
    execFileSync("rm", ["-r", join(scratch(), "tree")]);
    await assert.rejects(
      unpackMembers(
        { name: "a", type: "2", target: "b" },
        { name: "b", type: "2", target: "a" },
        { name: "a/x" },
      ),
      /in a circle/,
    );
  });

  it("leaves devices out and says so", async () => {
    const { folder, warnings } = await unpackMembers(
      { name: "dev/null", type: "3" },
      { name: "dev/sda", type: "4" },
    );
    assert.deepEqual(readdirSync(join(folder, "dev")), []);
    assert.match(warnings.join("\n"), /left out device nodes of the image: 2/);
  });

  it("makes pipes, whatever their names", async () => {
    const name = Buffer.from([0x2d, 0xff, 0x0a, 0x41]);
    const { folder } = await unpackMembers({ name, type: "6", mode: 0o622 });
    const stats = lstatSync(Buffer.concat([Buffer.from(`${folder}/`), name]));
    assert.equal(stats.isFIFO(), true);
    assert.equal(stats.mode & 0o7777, 0o622);
  });

  it("takes the last of entries that have one name", async () => {
    const { folder } = await unpackMembers(
      { name: "a/b", content: "old" },
      { name: "a", content: "a file now" },
      { name: "a", type: "6" },
      { name: "a/", type: "5", mode: 0o700 },
    );
    assert.deepEqual(readdirSync(join(folder, "a")), []);
  });

  it("fills a directory that its archive makes unwritable", async () => {
    const { folder } = await unpackMembers(
      { name: "a/", type: "5", mode: 0o500 },
      { name: "a/b", content: "x" },
    );
    assert.equal(readFileSync(join(folder, "a/b"), "utf8"), "x");
    assert.equal(statSync(join(folder, "a")).mode & 0o777, 0o500);
  });

  it("gives nobody's files a setuid bit when owners are not kept", async () => {
    const archive = archiveOf([{ name: "su", mode: 0o6755, uid: 12345 }]);
    const { folder } = await unpack(scratch(), [archive], { owners: false });
    const stats = statSync(join(folder, "su"));
    assert.equal(stats.mode & 0o7777, 0o755);
    assert.equal(stats.uid, process.geteuid?.());
  });

  it("keeps owners and setuid bits as root", function () {
    if (!isRoot) this.skip();
    return unpackMembers(
      { name: "su", mode: 0o4755, uid: 1, gid: 2 },
      { name: "dir/", type: "5", mode: 0o2775, uid: 3, gid: 4 },
      { name: "link", type: "2", target: "su", uid: 5, gid: 6 },
    ).then(({ folder }) => {
      const [su, dir, link] = ["su", "dir", "link"].map((name) => lstatSync(join(folder, name)));
      assert.deepEqual([su!.uid, su!.gid, su!.mode & 0o7777], [1, 2, 0o4755]);
      assert.deepEqual([dir!.uid, dir!.gid, dir!.mode & 0o7777], [3, 4, 0o2775]);
      assert.deepEqual([link!.uid, link!.gid], [5, 6]);
    });
  });

  it("keeps file capabilities and users' notes as root, and nothing that overlayfs obeys", async function () {
    if (!isRoot) this.skip();
    const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");
    const { folder, warnings } = await unpackMembers({
      name: "ping",
      pax: {
        "SCHILY.xattr.security.capability": capability,
        "SCHILY.xattr.trusted.overlay.redirect": "/etc",
        "SCHILY.xattr.user.overlay.opaque": "y",
      },
    });
    const { status, stdout } = spawnSync("getfattr", ["-d", "-m", "-", "-e", "hex", join(folder, "ping")], {
      encoding: "utf8",
    });
    if (status === null) {
      // Without the package attr nobody can keep them, which must be told.
      assert.match(warnings.join("\n"), /without their capabilities .*: setfattr is not installed/);
    } else {
      const attributes = stdout.split("\n").filter((line) => line.includes("="));
      assert.deepEqual(attributes, [`security.capability=0x${capability.toString("hex")}`]);
    }
  });

  it("stops at its limits", async () => {
    const many = archiveOf(Array.from({ length: 20 }, (_, index) => ({ name: `f${index}` })));
    const limits = { entries: 10, bytes: 1000 };
    await assert.rejects(unpack(scratch(), [many], { limits }), /more than 10 entries/);
    execFileSync("rm", ["-r", join(scratch(), "tree")]);
    const big = archiveOf([{ name: "big", size: 2 ** 33 - 1 }]);
    await assert.rejects(unpack(scratch(), [big], { limits }), /more than 1000 bytes/);
  });
});

describe("unpacking layers", () => {
  const scratch = scratchFolder();
  const layers = (...all: (readonly Member[])[]): Promise<Unpacked> =>
    unpack(scratch(), all.map(archiveOf), { layer: { whiteouts: true } });
  const namesIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

  it("takes away what a whiteout names, and nothing of the layer's own", async () => {
    const { folder } = await layers(
      [{ name: "a/low" }, { name: "b" }],
      [{ name: "a/", type: "5" }, { name: "a/new" }, { name: ".wh.a" }, { name: ".wh.b" }, { name: ".wh.c" }],
    );
    assert.deepEqual(namesIn(folder), ["a", "a/new"]);
  });

  it("makes a directory opaque whatever the order in its layer", async () => {
    for (const order of [0, 1]) {
      const opaque: Member[] = [{ name: "a/.wh..wh..opq" }, { name: "a/new" }];
      const { folder } = await layers(
        [{ name: "a/low/deep" }, { name: "a/x" }],
        order === 0 ? opaque : opaque.toReversed(),
      );
      assert.deepEqual(namesIn(folder), ["a", "a/new"]);
      execFileSync("rm", ["-r", folder]);
    }
  });

  it("follows a lower layer's link to a directory, inside the tree", async () => {
    const { folder } = await layers(
      [
        { name: "usr/lib/", type: "5" },
        { name: "lib", type: "2", target: "/usr/lib" },
      ],
      [{ name: "lib/x", content: "1" }],
    );
    assert.equal(readFileSync(join(folder, "usr/lib/x"), "utf8"), "1");
    assert.equal(lstatSync(join(folder, "lib")).isSymbolicLink(), true);
  });

  it("puts a directory where a lower layer had a file", async () => {
    const { folder } = await layers([{ name: "a", content: "x" }], [{ name: "a/b" }]);
    assert.deepEqual(namesIn(folder), ["a", "a/b"]);
  });

  it("never reaches out of the tree with a whiteout", async () => {
    await layers(
      [{ name: "up", type: "2", target: "../.." }],
      [{ name: "up/.wh.outside" }, { name: ".wh..." }, { name: ".wh." }],
    );
    assert.equal(existsSync(join(scratch(), "outside")), true);
    await assert.rejects(
      unpack(join(scratch(), "tree"), [archiveOf([{ name: "../.wh.outside" }])], {
        layer: { whiteouts: true },
      }),
      /leads out of its tree/,
    );
  });
});

describe("reading tar", () => {
  const scratch = scratchFolder();

  it("reads pax names, owners and sizes, and GNU's long names", async () => {
    const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(200)}`;
    const target = "t".repeat(300);
    const archive = Buffer.concat([
      memberBytes({ name: "short", content: "pax", size: 3, pax: { path: `${long}1`, mtime: "1.5" } }),
      gnuLong("L", `${long}2`),
      memberBytes({ name: "short", content: "gnu" }),
      gnuLong("K", target),
      memberBytes({ name: "link", type: "2" }),
      Buffer.alloc(1024),
    ]);
    const { folder } = await unpack(scratch(), [archive]);
    assert.equal(readFileSync(join(folder, `${long}1`), "utf8"), "pax");
    assert.equal(statSync(join(folder, `${long}1`)).mtimeMs, 1500);
    assert.equal(readFileSync(join(folder, `${long}2`), "utf8"), "gnu");
    assert.equal(readlinkSync(join(folder, "link")), target);
  });

  it("reads a size in base 256", async () => {
    const header = headerOf({ name: "big" });
    header.fill(0, 124, 136);
    header[124] = 0x80;
    header[135] = 5;
    const content = Buffer.alloc(512);
    content.write("hello");
    const archive = Buffer.concat([withChecksum(header), content, Buffer.alloc(1024)]);
    const { folder } = await unpack(scratch(), [archive]);
    assert.equal(readFileSync(join(folder, "big"), "utf8"), "hello");
  });

  const refused: readonly (readonly [string, () => Buffer, RegExp])[] = [
    ["sparse files", () => archiveOf([{ name: "s", type: "S" }]), /sparse/],
    ["pax's sparse files", () => archiveOf([{ name: "s", pax: { "GNU.sparse.major": "1" } }]), /sparse/],
    ["kinds it does not know", () => archiveOf([{ name: "s", type: "Z" }]), /a kind that is not known/],
    ["a wrong checksum", () => Buffer.alloc(512, 1), /checksum/],
    ["a file that is cut off", () => memberBytes({ name: "a", content: "x", size: 5000 }), /cut off/],
    ["a pax header without an entry", () => paxHeader({ path: "x" }, "x"), /cut off/],
    ["a malformed pax header", () => badPax(), /malformed pax/],
    [
      "a pax size that is no number",
      () => archiveOf([{ name: "a", pax: { size: "-1" } }]),
      /size is no number/,
    ],
    ["a pax header that wants our memory", () => hugePax(), /a pax of/],
    ["a name with a zero byte", () => archiveOf([{ name: "a", pax: { path: "a\0b" } }]), /zero byte/],
    [
      "a name that is too long",
      () => archiveOf([{ name: "a", pax: { path: "a/".repeat(3000) } }]),
      /a name of/,
    ],
  ];
  for (const [what, archive, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(unpack(scratch(), [archive()]), message);
    });
  }
});

function badPax(): Buffer {
  const content = Buffer.alloc(512);
  content.write("99 path=x\n");
  return Buffer.concat([headerOf({ name: "pax", type: "x", size: 10 }), content, Buffer.alloc(1024)]);
}

function hugePax(): Buffer {
  return headerOf({ name: "pax", type: "x", size: 2 ** 30 });
}
