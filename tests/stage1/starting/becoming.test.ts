import assert from "node:assert/strict";
import { allCapabilities } from "../../../stage1/capabilities.ts";
import { becomeWords, environmentFile, maskOf } from "../../../stage1/starting/becoming.ts";
import { cgroupFiles } from "../../../stage1/starting/cgroupFiles.ts";

describe("becoming a process of an app", () => {
  it("names capabilities as the kernel does", () => {
    assert.equal(maskOf(["CAP_CHOWN", "CAP_SYS_CHROOT"]), "0000000000040001");
    assert.equal(maskOf(allCapabilities), "000001ffffffffff");
    assert.equal(maskOf([]), "0000000000000000");
  });

  it("leaves the bounding set alone where nothing is said of it, and empties it where it is to be empty", () => {
    const common = {
      program: "become",
      folder: "/",
      user: { uid: 1, gid: 2, supplementaryGids: [3] },
      noNewPrivileges: false,
      environment: "/env",
    };
    assert.ok(!becomeWords(common, ["id"]).includes("--keep-capabilities"));
    const none = becomeWords({ ...common, capabilities: [] }, ["id"]);
    assert.equal(none[none.indexOf("--keep-capabilities") + 1], "0000000000000000");
    assert.deepEqual(none.slice(-2), ["--", "id"]);
    assert.equal(none[none.indexOf("--groups") + 1], "2,3");
  });

  it("ends each variable with a zero, so that a value may hold lines", () => {
    assert.equal(environmentFile(new Map([["A", "one\ntwo"]])), "A=one\ntwo\0");
  });

  it("joins every hierarchy that a process is in", () => {
    const text = "5:memory:/a\n4:name=systemd:/a/b:c\n0::/u\n";
    assert.deepEqual(cgroupFiles(text, false), [
      "/sys/fs/cgroup/memory/a/cgroup.procs",
      "/sys/fs/cgroup/systemd/a/b:c/cgroup.procs",
      "/sys/fs/cgroup/unified/u/cgroup.procs",
    ]);
    assert.deepEqual(cgroupFiles("0::/u\n", true), ["/sys/fs/cgroup/u/cgroup.procs"]);
  });
});
