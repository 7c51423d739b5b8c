import assert from "node:assert/strict";
import type { App } from "../../../engine/appc/imageManifest.ts";
import { appUnit, type AppUnitFacts } from "../../../stage1/host/appUnit.ts";

const app: App = {
  exec: ["/bin/app", "-v"],
  user: "0",
  group: "0",
  supplementaryGIDs: [],
  eventHandlers: [],
  environment: [],
  mountPoints: [],
  ports: [],
  isolators: [],
  userAnnotations: {},
  userLabels: {},
};

function settings(facts: Partial<AppUnitFacts>): readonly string[] {
  const unit = appUnit({
    name: "web",
    imageName: "example.com/web",
    app,
    executable: "/bin/app",
    user: { uid: 0, gid: 0, supplementaryGids: [], name: "root", home: "/root", shell: "/bin/sh" },
    environment: new Map(),
    seccomp: undefined,
    interactive: false,
    streams: { stdout: "log", stderr: "log" },
    pathsUnprotected: false,
    ...facts,
  });
  return (unit.Service ?? []).map(([name, value]) => `${name}=${value}`);
}

describe("an app's unit", () => {
  it("throws away the output that nobody wants", () => {
    const lines = settings({ streams: { stdout: "null", stderr: "log" } });
    assert.ok(lines.includes("StandardOutput=null") && lines.includes("StandardError=tty"));
  });

  it("sets limits in systemd's terms", () => {
    const isolators = [
      { name: "resource/memory", value: { limit: "64Mi" } },
      { name: "resource/cpu", value: { limit: "1500m" } },
      { name: "os/linux/cpu-shares", value: 512 },
      { name: "os/linux/oom-score-adj", value: 100 },
    ];
    const lines = settings({ app: { ...app, isolators } });
    for (const line of ["MemoryMax=67108864", "CPUQuota=150%", "CPUWeight=50", "OOMScoreAdjust=100"]) {
      assert.ok(lines.includes(line), line);
    }
  });

  it("filters system calls one line each, and forbids new privileges to a user who is filtered", () => {
    const seccomp = { mode: "remove", syscalls: ["mount", "reboot"], errno: "EPERM" } as const;
    const user = { uid: 7, gid: 7, supplementaryGids: [], name: "seven", home: "/", shell: "/bin/sh" };
    const lines = settings({ seccomp, user });
    assert.ok(lines.includes("SystemCallFilter=~mount"));
    assert.ok(lines.includes("SystemCallErrorNumber=EPERM"));
    assert.ok(lines.includes("NoNewPrivileges=yes"));
    assert.ok(settings({ seccomp }).includes("NoNewPrivileges=no"));
  });

  it("shields the kernel's files unless the person said not to", () => {
    assert.ok(settings({}).includes("InaccessiblePaths=-+/proc/kcore"));
    assert.ok(!settings({ pathsUnprotected: true }).some((line) => line.startsWith("InaccessiblePaths")));
  });

  it("runs what comes before and after the app in their order", () => {
    const eventHandlers = [
      { name: "pre-start", exec: ["/bin/before"] },
      { name: "post-stop", exec: ["/bin/after"] },
    ] as const;
    const lines = settings({ app: { ...app, eventHandlers } }).filter((line) => line.startsWith("Exec"));
    assert.deepEqual(lines, [
      'ExecStart="/bin/before"',
      'ExecStart="/bin/app" "-v"',
      'ExecStopPost="/bin/after"',
      "ExecStopPost=+/bin/sh /rkt/record web",
    ]);
  });
});
