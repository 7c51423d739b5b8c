import assert from "node:assert/strict";
import { MappedMounts, placeForMounts } from "../../../stage1/users/mappedMounts.ts";
import { mappedLines } from "../../../stage1/users/mappedLines.ts";

describe("mounts with mapped owners", () => {
  it("are a table of words in which no name can begin another mount", () => {
    const mounts = new MappedMounts("/mnt");
    assert.equal(mounts.mapped("/srv/a b\n"), "/mnt/0");
    assert.equal(mounts.wanted("/srv", true), "/mnt/1");
    assert.equal(mounts.folder(), "/mnt/2");
    assert.deepEqual(mounts.table().split("\0"), [
      "/mnt",
      ...["mapped", "/srv/a b\n", "/mnt/0"],
      ...["wanted+recursive", "/srv", "/mnt/1"],
      ...["folder", "", "/mnt/2"],
      "",
    ]);
  });

  it("lie where they do not hide the pod", () => {
    assert.equal(
      placeForMounts("/var/lib/rkt/pods/run/x", () => true),
      "/mnt",
    );
    assert.equal(
      placeForMounts("/mnt/disk/rkt/pods/run/x", () => true),
      "/media",
    );
    assert.throws(() => placeForMounts("/var/lib/rkt", () => false), /needs a folder to mount on/);
  });

  it("stand for the image and the volumes, and not for what was made for the pod", () => {
    const mounts = new MappedMounts("/mnt");
    const lines = mappedLines(
      [
        {
          source: "overlay",
          target: "/pod/root",
          type: "overlay",
          options: ["lowerdir=/tree", "upperdir=/pod/upper", "workdir=/pod/work"],
        },
        { source: "/pod/copy", target: "/pod/copy", type: "none", options: ["bind"] },
        { source: "/srv", target: "/pod/root/srv", type: "none", options: ["rbind"] },
        { source: "/pod/sharedVolumes/tmp", target: "/pod/root/tmp", type: "none", options: ["bind"] },
      ],
      "/pod",
      mounts,
    );
    assert.deepEqual(
      lines.map(({ source, options: [first] }) => [source, first]),
      [
        ["overlay", "lowerdir=/mnt/0"],
        ["/pod/copy", "bind"],
        ["/mnt/1", "rbind"],
        ["/pod/sharedVolumes/tmp", "bind"],
      ],
    );
    assert.match(mounts.table(), /mapped\0\/tree\0\/mnt\/0\0wanted\+recursive\0\/srv\0\/mnt\/1\0/);
  });
});
