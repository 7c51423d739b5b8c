import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ImageTree,
  makeFolder,
  newFolder,
  noAttributes,
  type Folder,
  type ImageEntry,
  type LeafEntry,
} from "../../../engine/build/imageTree.ts";
import { applyChanges, forgetMountPoints, mountPointsOf } from "../../../engine/build/overlayChanges.ts";
import { packTree } from "../../../engine/build/packTree.ts";
import { attributesIn, type OverlayNotes } from "../../../engine/build/treeOnDisk.ts";
import { TarReader } from "../../../engine/images/unpack/TarReader.ts";
import type { TarEntry } from "../../../engine/images/unpack/tarEntry.ts";

const plain = { mode: 0o644, uid: 0, gid: 0, mtime: undefined, attributes: noAttributes };

function file(text: string): LeafEntry {
  return { kind: "file", content: { from: "bytes", bytes: Buffer.from(text) }, ...plain };
}

function link(target: string): LeafEntry {
  return { kind: "link", target, ...plain };
}

/** Paths with what is there: a file's text, a link's target, or a folder's slash. */
function shown(tree: ImageTree): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (folder: Folder, path: string): void => {
    for (const [name, entry] of folder.children) {
      found[`${path}/${name}`] = textOf(entry);
      if (entry.kind === "folder") visit(entry, `${path}/${name}`);
    }
  };
  visit(tree.root, "");
  return found;
}

function textOf(entry: ImageEntry): string {
  if (entry.kind === "link") return `-> ${entry.target}`;
  if (entry.kind !== "file") return "/";
  return entry.content.from === "bytes" ? entry.content.bytes.toString() : entry.content.path;
}

describe("the files of an image that is built", () => {
  it("go where the image's own links lead, which lead nowhere outside", () => {
    const tree = new ImageTree();
    tree.put("/bin", link("usr/bin"));
    tree.put("/out", link("../../../etc"));
    tree.put("/bin/sh", file("sh"));
    tree.put("/out/passwd", file("p"));
    assert.deepEqual(shown(tree), {
      "/bin": "-> usr/bin",
      "/out": "-> ../../../etc",
      "/usr": "/",
      "/usr/bin": "/",
      "/usr/bin/sh": "sh",
      "/etc": "/",
      "/etc/passwd": "p",
    });
  });

  it("take the place of files and links, and never silently that of a folder", () => {
    const tree = new ImageTree();
    tree.put("/a/b", file("1"));
    tree.put("/a/b", file("2"));
    assert.equal(shown(tree)["/a/b"], "2");
    assert.throws(() => {
      tree.put("/a", file("3"));
    }, /a folder of the image is in the way of a file/);
    assert.throws(() => {
      tree.put("/a/b/c", file("3"));
    }, /a file of the image is in the way of a folder/);
    tree.put("/x", link("y"));
    tree.put("/y", link("x"));
    assert.throws(() => {
      tree.put("/x/z", file("3"));
    }, /links in a circle/);
  });

  it("are merged folder by folder, also through a link to a folder", () => {
    const tree = new ImageTree();
    tree.put("/usr/lib/a", file("a"));
    tree.put("/lib", link("usr/lib"));
    const copied = newFolder(undefined);
    makeFolder(copied, "lib").children.set("b", file("b"));
    tree.merge(tree.root, copied, false);
    assert.deepEqual(Object.keys(shown(tree)).sort(), [
      "/lib",
      "/usr",
      "/usr/lib",
      "/usr/lib/a",
      "/usr/lib/b",
    ]);
  });

  it("are taken away only where they are", () => {
    const tree = new ImageTree();
    tree.put("/a/b", file("1"));
    tree.remove("/a");
    assert.deepEqual(shown(tree), {});
    assert.throws(() => {
      tree.remove("/a");
    }, /nothing there to remove/);
  });

  it("change as a step has changed them through an overlay", () => {
    const tree = new ImageTree();
    for (const path of ["/keep", "/gone", "/folder/kept", "/hidden/old", "/was-folder/x", "/was-file"])
      tree.put(path, file("1"));
    const upper = new ImageTree();
    upper.put("/keep", file("2"));
    upper.put("/hidden/new", file("2"));
    upper.put("/folder/added", file("2"));
    upper.put("/was-folder", file("2"));
    upper.put("/was-file/x", file("2"));
    const notes: OverlayNotes = {
      gone: new Map([[upper.root, new Set(["gone"])]]),
      opaque: new Set([upper.folder("/hidden")]),
    };
    applyChanges(tree, { tree: upper, files: 0, ...notes });
    const files = Object.entries(shown(tree)).filter(([, text]) => text !== "/");
    assert.deepEqual(Object.fromEntries(files), {
      "/keep": "2",
      "/folder/kept": "1",
      "/folder/added": "2",
      "/hidden/new": "2",
      "/was-folder": "2",
      "/was-file/x": "2",
    });
  });

  it("do not keep what a pod needs to stand on, unless the image has it", () => {
    const tree = new ImageTree();
    tree.folder("/dev");
    const had = mountPointsOf(tree);
    for (const path of ["/proc", "/sys", "/dev", "/etc"]) tree.folder(path);
    const seen = { device: 0n, inode: 0n, size: 0n, mtime: 0n, ctime: 0n };
    tree.put("/etc/hosts", { kind: "file", content: { from: "file", path: "/x", seen }, ...plain });
    forgetMountPoints(tree, (path) => had.has(path));
    assert.deepEqual(Object.keys(shown(tree)), ["/dev"]);
  });

  it("have the attributes that getfattr prints, whatever their names are made of", () => {
    const found = attributesIn(
      "# file: /a\\040b\\134\\303\\274\nsecurity.capability=0sAQIDBA==\nuser.x\n\n# file: c\nuser.y=0sYQ==\n",
    );
    const odd = Buffer.from("/a b\\ü").toString("latin1");
    assert.deepEqual(found.get(odd)?.get("security.capability"), Buffer.from([1, 2, 3, 4]));
    assert.deepEqual(found.get(odd)?.get("user.x"), Buffer.alloc(0));
    assert.deepEqual(found.get("c")?.get("user.y"), Buffer.from("a"));
  });
});

describe("an archive of an image's files", () => {
  async function entriesOf(tree: ImageTree, time = 7): Promise<{ entries: TarEntry[]; contents: string[] }> {
    const entries: TarEntry[] = [];
    const contents: string[] = [];
    const reader = new TarReader({
      entry: (entry) => {
        entries.push(entry);
        contents.push("");
      },
      content: (piece) => {
        contents.push(`${contents.pop() ?? ""}${piece.toString("latin1")}`);
      },
      endOfFile: () => undefined,
    });
    for await (const piece of packTree("{}", tree, time)) reader.write(piece);
    reader.end();
    return { entries, contents };
  }

  const name = fc
    .uint8Array({ minLength: 1, maxLength: 250 })
    .map((bytes) =>
      Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))).toString("latin1"),
    )
    .filter((text) => text !== "." && text !== "..");

  it("is read again as it was meant, whatever names, targets, owners and contents", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.record({
            name,
            content: fc.uint8Array({ maxLength: 1100 }),
            target: fc.option(name),
            uid: fc.nat({ max: 2 ** 31 }),
            mode: fc.nat({ max: 0o7777 }),
          }),
          { selector: (each) => each.name, maxLength: 6 },
        ),
        async (files) => {
          const tree = new ImageTree();
          for (const { name: each, content, target, uid, mode } of files) {
            const attributes = { ...plain, uid, mode };
            tree.root.children.set(
              each,
              target === null
                ? { kind: "file", content: { from: "bytes", bytes: Buffer.from(content) }, ...attributes }
                : { kind: "link", target, ...attributes },
            );
          }
          const { entries, contents } = await entriesOf(tree);
          const expected = files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
          assert.deepEqual(
            entries
              .slice(2)
              .map((entry, index) => [
                entry.name.toString("latin1"),
                entry.kind,
                entry.target.toString("latin1"),
                entry.uid,
                entry.mode,
                contents[index + 2],
              ]),
            expected.map(({ name: each, content, target, uid, mode }) => [
              `rootfs/${each}`,
              target === null ? "file" : "symlink",
              target ?? "",
              uid,
              mode,
              target === null ? Buffer.from(content).toString("latin1") : "",
            ]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("holds a file of two names once, extended attributes, and no time that is later than the image's", async () => {
    const tree = new ImageTree();
    const twice: LeafEntry = {
      ...file("x"),
      mtime: 3,
      attributes: new Map([["security.capability", Buffer.from([0, 10, 255])]]),
    };
    tree.put("/a", twice);
    tree.put("/b", twice);
    tree.put("/c", { ...file("late"), mtime: 99 });
    const { entries } = await entriesOf(tree);
    const [, , first, second, late] = entries;
    assert.deepEqual(
      [first?.kind, second?.kind, second?.target.toString()],
      ["file", "hardlink", "rootfs/a"],
    );
    assert.deepEqual(first?.attributes.get("security.capability"), Buffer.from([0, 10, 255]));
    assert.deepEqual([first.mtime, late?.mtime], [3, 7]);
  });
});
