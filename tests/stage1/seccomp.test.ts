import assert from "node:assert/strict";
import type { App } from "../../engine/appc/imageManifest.ts";
import { seccompFilterOf } from "../../stage1/seccomp.ts";
import { machineCalls, seccompSets } from "../../stage1/seccompSets.ts";

function filter(mode: "retain" | "remove", set: readonly string[]): ReturnType<typeof seccompFilterOf> {
  const app: App = {
    exec: ["/bin/app"],
    user: "0",
    group: "0",
    supplementaryGIDs: [],
    eventHandlers: [],
    environment: [],
    mountPoints: [],
    ports: [],
    isolators: [{ name: `os/linux/seccomp-${mode}-set`, value: { set } }],
    userAnnotations: {},
    userLabels: {},
  };
  return seccompFilterOf(app, false);
}

const named = (name: string, architecture: NodeJS.Architecture = "x64"): ReadonlySet<string> =>
  new Set(seccompSets(architecture)[name]);

describe("sets of system calls by their names", () => {
  it("name no call twice, and none that is both allowed and refused", () => {
    for (const [name, calls] of Object.entries(seccompSets("x64"))) {
      assert.equal(new Set(calls).size, calls.length, name);
    }
    const white = named("@rkt/default-whitelist");
    assert.deepEqual(
      [...named("@rkt/default-blacklist")].filter((call) => white.has(call)),
      [],
    );
  });

  it("let a current C library and its threads work", () => {
    const white = named("@docker/default-whitelist");
    for (const call of ["clone3", "rseq", "statx", "faccessat2", "openat2", "close_range", "futex_waitv"])
      assert.ok(white.has(call), call);
  });

  it("refuse what changes the machine", () => {
    const black = named("@docker/default-blacklist");
    for (const call of ["mount", "move_mount", "bpf", "kexec_load", "reboot", "setns", "unshare", "ptrace"])
      assert.ok(black.has(call), call);
    assert.deepEqual(
      [...black].filter((call) => !machineCalls.includes(call)),
      [],
    );
  });

  it("hold the calls of the machine's own architecture", () => {
    assert.ok(named("@rkt/default-whitelist", "x64").has("modify_ldt"));
    assert.ok(!named("@rkt/default-whitelist", "arm64").has("modify_ldt"));
    assert.ok(named("@rkt/default-whitelist", "arm64").has("set_tls"));
  });

  it("go together with single calls", () => {
    const retained = filter("retain", ["@docker/default-whitelist", "umount2"]);
    assert.equal(retained?.mode, "retain");
    assert.ok(retained.syscalls.includes("umount2") && retained.syscalls.includes("read"));
    const removed = filter("remove", ["@rkt/default-blacklist", "socket"]);
    assert.ok(removed?.syscalls.includes("socket") && removed.syscalls.includes("mount"));
  });

  it("take every filter away where all calls are retained, or none removed", () => {
    assert.equal(filter("retain", ["@appc.io/all", "read"]), undefined);
    assert.equal(filter("remove", ["@appc.io/empty"]), undefined);
    assert.deepEqual(filter("remove", ["@appc.io/empty", "read"])?.syscalls, ["read"]);
  });

  it("refuse a filter that lets nothing start", () => {
    assert.throws(() => filter("remove", ["@appc.io/all"]), /no app can start/);
    assert.throws(() => filter("retain", ["@appc.io/empty"]), /no app can start/);
  });
});
