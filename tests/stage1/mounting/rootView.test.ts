import assert from "node:assert/strict";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RootView } from "../../../stage1/mounting/rootView.ts";

describe("an app's root before its mounts", () => {
  let folder: string;
  let lower: string;
  let upper: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "root-view-"));
    lower = join(folder, "lower");
    upper = join(folder, "upper");
    mkdirSync(join(lower, "etc"), { recursive: true });
    mkdirSync(upper);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const overlay = (): RootView =>
    new RootView({ kind: "overlay", lower, upper, work: join(folder, "work"), target: join(folder, "root") });

  it("makes a missing place in the upper layer, and nothing in the shared tree", () => {
    assert.equal(overlay().place("/srv/deep", "folder"), "/srv/deep");
    assert.ok(statSync(join(upper, "srv/deep")).isDirectory());
    assert.ok(!existsSync(join(lower, "srv")));
  });

  it("keeps the mode of a folder that now stands above the shared one", () => {
    mkdirSync(join(lower, "closed"), { mode: 0o700 });
    overlay().place("/closed/file", "file");
    assert.equal(statSync(join(upper, "closed")).mode & 0o7777, 0o700);
  });

  it("gives what it makes to the pod's own users, as the shared tree has it", function () {
    if (process.getuid?.() !== 0) this.skip();
    mkdirSync(join(lower, "home"));
    chownSync(join(lower, "home"), 1000, 1001);
    const root = {
      kind: "overlay",
      lower,
      upper,
      work: join(folder, "work"),
      target: join(folder, "root"),
    } as const;
    new RootView(root, 600_000).place("/home/new", "folder");
    const owners = (path: string): readonly number[] => {
      const { uid, gid } = statSync(join(upper, path));
      return [uid, gid];
    };
    assert.deepEqual(owners("home"), [601_000, 601_001]);
    assert.deepEqual(owners("home/new"), [600_000, 600_000]);
  });

  it("follows an absolute link inside the root", () => {
    mkdirSync(join(lower, "run"));
    mkdirSync(join(lower, "var"));
    symlinkSync("/run", join(lower, "var/run"));
    assert.equal(overlay().place("/var/run/secrets", "folder"), "/run/secrets");
  });

  it("lets no link lead above the root", () => {
    symlinkSync("../../../../../..", join(lower, "up"));
    assert.equal(overlay().place("/up/etc/here", "folder"), "/etc/here");
    assert.ok(existsSync(join(upper, "etc/here")));
  });

  it("lets no link inside a volume lead out of the root", () => {
    const volume = join(folder, "volume");
    mkdirSync(volume);
    symlinkSync("/etc", join(volume, "link"));
    const view = overlay();
    view.mounted(view.place("/data", "folder"), volume, false);
    assert.equal(view.place("/data/link/inner", "folder"), "/etc/inner");
  });

  it("refuses links that go round in a circle", () => {
    symlinkSync("b", join(lower, "a"));
    symlinkSync("a", join(lower, "b"));
    assert.throws(() => overlay().place("/a", "folder"), /too many symbolic links/);
  });

  it("refuses a file where a folder is wanted", () => {
    writeFileSync(join(lower, "etc/hosts"), "");
    assert.throws(() => overlay().place("/etc/hosts", "folder"), /can't mount/);
  });

  it("makes nothing inside a read-only volume", () => {
    const volume = join(folder, "volume");
    mkdirSync(volume);
    const view = overlay();
    view.mounted(view.place("/data", "folder"), volume, true);
    assert.throws(() => view.place("/data/new", "folder"), /read-only volume/);
    assert.ok(!existsSync(join(volume, "new")));
  });
});
