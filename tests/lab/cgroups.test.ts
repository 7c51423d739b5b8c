import assert from "node:assert/strict";
import { isUnified, parseHierarchies } from "../../lab/cgroups.ts";

const hybridMounts = `31 30 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 30 0:27 / /sys/fs/cgroup/memory rw,relatime shared:3 - cgroup cgroup rw,memory
33 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
34 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
35 30 0:30 / /proc rw - proc proc rw`;

describe("mounted cgroup hierarchies", () => {
  it("of a hybrid machine are each found with the group this process is in", () => {
    const found = parseHierarchies(
      hybridMounts,
      "4:name=systemd:/a\n3:memory:/job/7\n2:cpu,cpuacct:/\n0::/\n",
    );
    assert.deepEqual(found, [
      {
        version: 1,
        mountPoint: "/sys/fs/cgroup/cpu,cpuacct",
        own: "/sys/fs/cgroup/cpu,cpuacct",
        controllers: ["cpu", "cpuacct"],
      },
      {
        version: 1,
        mountPoint: "/sys/fs/cgroup/memory",
        own: "/sys/fs/cgroup/memory/job/7",
        controllers: ["memory"],
      },
      {
        version: 1,
        mountPoint: "/sys/fs/cgroup/systemd",
        own: "/sys/fs/cgroup/systemd/a",
        controllers: ["name=systemd"],
      },
      { version: 2, mountPoint: "/sys/fs/cgroup/unified", own: "/sys/fs/cgroup/unified", controllers: [] },
    ]);
    assert.equal(isUnified(found), false);
  });

  it("of a v2 machine are one", () => {
    const found = parseHierarchies(
      "24 23 0:21 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate",
      "0::/user.slice/x.scope\n",
    );
    assert.deepEqual(found, [
      { version: 2, mountPoint: "/sys/fs/cgroup", own: "/sys/fs/cgroup/user.slice/x.scope", controllers: [] },
    ]);
    assert.equal(isUnified(found), true);
  });

  it("of a container are seen from where its mount begins", () => {
    const mount = "24 23 0:21 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
    assert.equal(parseHierarchies(mount, "3:memory:/docker/abc/x\n")[0]?.own, "/sys/fs/cgroup/memory/x");
    assert.equal(parseHierarchies(mount, "3:memory:/elsewhere\n")[0]?.own, "/sys/fs/cgroup/memory");
  });

  it("are none where none is mounted", () => {
    assert.deepEqual(parseHierarchies("35 30 0:30 / /proc rw - proc proc rw", "0::/\n"), []);
  });
});
