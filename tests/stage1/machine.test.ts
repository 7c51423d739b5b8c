import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainProcess, isService, scopeOf, systemdCgroup } from "../../stage1/machine.ts";
import { recordCgroups, removeCgroups } from "../../stage1/podCgroups.ts";

const uuid = "0b3c8cf5-2b54-4f4f-8c9d-0123456789ab";

describe("a pod's place among the host's cgroups", () => {
  it("is named as systemd spells it", () => {
    assert.equal(scopeOf(uuid), "machine-rkt\\x2d0b3c8cf5\\x2d2b54\\x2d4f4f\\x2d8c9d\\x2d0123456789ab.scope");
  });

  it("is read from systemd's own hierarchy where there are several", () => {
    assert.equal(systemdCgroup("9:name=systemd:/a.slice\n1:cpu:/\n0::/b\n"), "/a.slice");
    assert.equal(systemdCgroup("0::/user.slice/x:y.scope\n"), "/user.slice/x:y.scope");
  });

  it("is the service's own below a service, but not below a user's", () => {
    assert.equal(isService("/system.slice/hello.service"), true);
    assert.equal(isService("/user.slice/user-0.slice/session-1.scope"), false);
    assert.equal(isService("/user.slice/user-0.slice/user@0.service/app.slice/x.scope"), false);
  });
});

describe("a pod below a service", () => {
  it("is the service where systemd itself has started it", () => {
    assert.equal(isMainProcess("312 (rkt run) x) S 1 312 312 0 -1"), true);
    assert.equal(isMainProcess("312 (rkt) S 311 311 311 0 -1"), false);
    assert.equal(isMainProcess("312 (1 S 1) S 17 311 311 0 -1"), false);
  });
});

describe("what is left of a dead pod's cgroups", () => {
  let root: string;
  let folder: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "rktnetes-cgroups-"));
    folder = mkdtempSync(join(tmpdir(), "rktnetes-pod-"));
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
    rmSync(folder, { recursive: true });
  });

  it("goes from every hierarchy, with all below it", () => {
    for (const hierarchy of ["cpuset", "freezer"]) {
      mkdirSync(join(root, hierarchy, "machine.slice", scopeOf(uuid), "app-web", "nested"), {
        recursive: true,
      });
    }
    recordCgroups(folder, { path: `/machine.slice/${scopeOf(uuid)}`, unified: false });
    removeCgroups(folder, uuid, ["web"], root);
    assert.deepEqual(readdirSync(join(root, "cpuset", "machine.slice")), []);
    assert.deepEqual(readdirSync(join(root, "freezer", "machine.slice")), []);
  });

  it("goes, but leaves the service's own cgroup and what others made in it", () => {
    writeFileSync(join(root, "cgroup.controllers"), "");
    for (const name of ["app-web", "app-other"])
      mkdirSync(join(root, "system.slice/x.service", name), { recursive: true });
    recordCgroups(folder, { path: "/system.slice/x.service", unified: true });
    removeCgroups(folder, uuid, ["web"], root);
    assert.deepEqual(readdirSync(join(root, "system.slice/x.service")), ["app-other"]);
  });

  it("is nothing where the pod died before it had any", () => {
    assert.doesNotThrow(() => {
      removeCgroups(folder, uuid, ["web"], root);
    });
  });
});
