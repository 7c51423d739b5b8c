import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Isolator } from "../../engine/appc/imageManifest.ts";
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { controllersIn, enforceable, type HostMeans } from "../../stage1/enforcement.ts";

const everything: HostMeans = {
  controllers: new Set(["cpu", "memory"]),
  mayLowerOomScore: true,
  oomScoreAdj: 0,
};

const memory: Isolator = { name: "resource/memory", value: { limit: "32M" } };
const cpu: Isolator = { name: "resource/cpu", value: { limit: "500m" } };
const shares: Isolator = { name: "os/linux/cpu-shares", value: 512 };
const retain: Isolator = { name: "os/linux/capabilities-retain-set", value: { set: ["CAP_KILL"] } };
const spared: Isolator = { name: "os/linux/oom-score-adj", value: -500 };
const doomed: Isolator = { name: "os/linux/oom-score-adj", value: 500 };
const filter: Isolator = { name: "os/linux/seccomp-remove-set", value: { set: ["mount"] } };

function appWith(isolators: readonly Isolator[]): RuntimeApp {
  return {
    name: "web",
    image: { id: "sha512-0", labels: [] },
    readOnlyRootFS: false,
    mounts: [],
    annotations: [],
    app: {
      exec: ["/bin/true"],
      user: "0",
      group: "0",
      supplementaryGIDs: [],
      eventHandlers: [],
      environment: [],
      mountPoints: [],
      ports: [],
      isolators,
      userAnnotations: {},
      userLabels: {},
    },
  };
}

function outcome(
  flavour: Parameters<typeof enforceable>[1],
  isolators: readonly Isolator[],
  means: Partial<HostMeans> = {},
): { readonly left: readonly string[]; readonly warnings: readonly string[] } {
  const { apps, warnings } = enforceable([appWith(isolators)], flavour, () => ({ ...everything, ...means }));
  return { left: apps.flatMap(({ app }) => app?.isolators ?? []).map(({ name }) => name), warnings };
}

describe("what holds of an app's isolators", () => {
  it("is all of them under oci, where the host has everything", () => {
    const all = [memory, cpu, shares, retain, spared, filter];
    assert.deepEqual(outcome("oci", all), { left: all.map(({ name }) => name), warnings: [] });
  });

  it("leaves out a limit whose controller is missing, and says which one that is", () => {
    assert.deepEqual(outcome("oci", [memory, cpu, shares], { controllers: new Set(["cpu"]) }), {
      left: ["resource/cpu", "os/linux/cpu-shares"],
      warnings: ['app "web": resource/memory is not enforced: this host has no memory controller of cgroups'],
    });
    assert.deepEqual(outcome("host", [cpu, shares], { controllers: new Set() }).left, []);
  });

  it("leaves out a lower OOM score that nobody here may set, and keeps a higher one", () => {
    const lacking = { mayLowerOomScore: false };
    assert.deepEqual(outcome("host", [spared], lacking), {
      left: [],
      warnings: ['app "web": os/linux/oom-score-adj is not enforced: CAP_SYS_RESOURCE is missing here'],
    });
    assert.deepEqual(outcome("host", [doomed], lacking), { left: ["os/linux/oom-score-adj"], warnings: [] });
  });

  it("is under fly what a change of root can hold", () => {
    const { left, warnings } = outcome("fly", [memory, cpu, shares, doomed, filter, retain]);
    assert.deepEqual(left, ["os/linux/capabilities-retain-set"]);
    assert.equal(warnings.length, 5);
    assert.match(warnings[0] ?? "", /^app "web": resource\/memory is not enforced: the fly flavour has no/);
  });

  it("does not depend on the host inside a virtual machine", () => {
    const nothing = { controllers: new Set<string>(), mayLowerOomScore: false };
    assert.deepEqual(outcome("kvm", [memory, cpu, spared], nothing).warnings, []);
    assert.deepEqual(outcome("kvm", [filter]).left, []);
  });

  it("is silent about a request without a limit, and about a foreign stage1", () => {
    const request: Isolator = { name: "resource/memory", value: { request: "32M" } };
    assert.deepEqual(outcome("fly", [request]).warnings, []);
    assert.deepEqual(outcome("foreign", [memory, filter]).warnings, []);
  });
});

describe("the controllers of a host", () => {
  const root = mkdtempSync(join(tmpdir(), "rktnetes-controllers-"));
  after(() => {
    rmSync(root, { recursive: true });
  });

  it("are those with a hierarchy of their own on cgroup v1", () => {
    for (const name of ["cpu", "memory"]) mkdirSync(join(root, name));
    writeFileSync(join(root, "cpu", "cgroup.procs"), "");
    assert.deepEqual([...controllersIn(root)], ["cpu"]);
  });

  it("are those that the one hierarchy of cgroup v2 names", () => {
    writeFileSync(join(root, "cgroup.controllers"), "cpuset cpu io memory pids\n");
    assert.deepEqual([...controllersIn(root)], ["cpuset", "cpu", "io", "memory", "pids"]);
  });
});
