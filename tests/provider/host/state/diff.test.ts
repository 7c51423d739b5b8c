import assert from "node:assert/strict";
import fc from "fast-check";
import { diffState, touchesHost } from "../../../../provider/host/state/diff.ts";
import { parseState } from "../../../../provider/host/state/inputs.ts";
import { foundOutputs } from "../../../../provider/host/state/found.ts";
import { wantedFiles } from "../../../../provider/host/state/wanted.ts";
import type { Difference } from "../../../../provider/protocol/resource.ts";
import { isMap, Secret, UNKNOWN, type Properties, type Value } from "../../../../provider/protocol/value.ts";
import { found, surveyOf } from "./survey-of.ts";

const BASE: Properties = {
  host: "one",
  role: "role",
  claim: "c",
  connection: { address: "192.0.2.1", privateKey: new Secret("key") },
};

/** Outputs of a host on which everything is as desired. */
function settled(inputs: Properties): Properties {
  const state = parseState(inputs);
  const files = wantedFiles(state, inputs);
  const units = Object.entries(state.units).map(([name, unit]) => {
    const active = unit.state === "started";
    return [
      name,
      {
        Id: name,
        LoadState: "loaded",
        ActiveState: active ? "active" : "inactive",
        UnitFileState: unit.enabled ? "enabled" : "disabled",
        Type: "simple",
      },
    ] as const;
  });
  return foundOutputs(
    state,
    files,
    surveyOf({
      paths: new Map([
        ...[...files].map(([path, file]) =>
          file.kind === "link"
            ? ([path, found("link", { target: file.target })] as const)
            : ([path, found("file", { mode: file.mode, owner: file.owner, group: file.group })] as const),
        ),
        ...Object.entries(state.directories).map(
          ([path, { mode, owner, group }]) => [path, found("directory", { mode, owner, group })] as const,
        ),
      ]),
      hashes: new Map(
        [...files].flatMap(([path, file]) => (file.kind === "content" ? [[path, file.sha256]] : [])),
      ),
      packages: new Map(Object.entries(state.packages).map(([name, version]) => [name, version || "1.0"])),
      users: new Map(Object.entries(state.users)),
      sysctls: new Map(Object.entries(state.sysctls)),
      units: new Map(units),
    }),
    "ssh-ed25519 AAAA",
  );
}

function diff(
  before: Properties,
  after: Properties,
  olds: Properties = settled({ ...BASE, ...before }),
): Difference {
  return diffState({
    id: "one/role",
    olds,
    oldInputs: { ...BASE, ...before },
    news: { ...BASE, ...after },
    ignoreChanges: [],
  });
}

const unit = (start: string): Properties => ({
  sections: { Service: { ExecStart: start }, Install: { WantedBy: "multi-user.target" } },
});

describe("the difference of a role's state", () => {
  const whole: Properties = {
    packages: { crun: "", socat: "1.8" },
    users: { app: { groups: ["adm"] } },
    directories: { "/var/lib/app": { owner: "app", mode: "0700" } },
    files: {
      "/etc/a": { content: "a\n" },
      "/etc/key": { content: new Secret("private"), mode: "0600" },
      "/usr/local/bin/x": { target: "/usr/bin/y" },
      "/opt/big": { source: { path: "/cache/big", sha256: "0".repeat(64), size: 9 } },
    },
    sysctls: { "vm.overcommit_memory": "1" },
    units: { "x.service": unit("/bin/x") },
    probes: { up: { command: ["true"] } },
  };

  it("is empty when nothing has changed", () => {
    assert.deepEqual(diff(whole, whole).changes, {});
    assert.deepEqual(diff(whole, whole).lines, []);
  });

  it("is empty when only defaults were written out, or keys come in another order", () => {
    const explicit = {
      ...whole,
      files: { ...(whole["files"] as Properties), "/etc/a": { mode: "0644", owner: "root", content: "a\n" } },
    };
    assert.deepEqual(diff(whole, explicit).changes, {});
  });

  it("names the changed flag of a unit, and nothing else", () => {
    const line = (pods: number): string =>
      `/opt/rktnetes/programs/kubelet --config=/etc/kubernetes/kubelet.yaml --max-pods=${pods} --node-ip=10.0.0.10 --hostname-override=one`;
    const { changes, lines } = diff(
      { units: { "kubelet.service": unit(line(110)) } },
      { units: { "kubelet.service": unit(line(250)) } },
    );
    assert.deepEqual(changes, { 'units["kubelet.service"]': { kind: "update" } });
    assert.deepEqual(lines, [
      "one: ~ kubelet.service",
      "one:     - --max-pods=110 \\",
      "one:     + --max-pods=250 \\",
    ]);
  });

  it("says what comes and what goes", () => {
    const { changes, lines } = diff(
      { packages: { crun: "" }, files: {} },
      { packages: {}, files: { "/etc/a": { content: "x" } } },
    );
    assert.deepEqual(changes, { 'packages["crun"]': { kind: "delete" }, 'files["/etc/a"]': { kind: "add" } });
    assert.deepEqual(lines, ["one: - package crun", "one: + /etc/a"]);
  });

  it("shows a change of mode or owner", () => {
    const { lines } = diff(
      { files: { "/etc/a": { content: "x" } } },
      { files: { "/etc/a": { content: "x", mode: "0600" } } },
    );
    assert.deepEqual(lines, ["one: ~ /etc/a", "one:     - mode: 0644", "one:     + mode: 0600"]);
  });

  it("knows what will change even when the new content is not known yet", () => {
    const before = { files: { "/etc/cert": { content: "old" }, "/etc/a": { content: "a" } } };
    const after = { files: { "/etc/cert": { content: UNKNOWN }, "/etc/a": { content: "a" } } };
    const { changes, lines } = diff(before, after);
    assert.deepEqual(changes, { 'files["/etc/cert"]': { kind: "update" } });
    assert.deepEqual(lines, ["one: ~ /etc/cert  (known after the run)"]);
  });

  it("replaces for another host or role only", () => {
    assert.deepEqual(diff(whole, { ...whole, role: "other" }).changes, { role: { kind: "update-replace" } });
  });

  it("of another way to the host touches nothing on it", () => {
    const moved = diff(whole, { ...whole, connection: { address: "192.0.2.2" }, claim: "d" });
    assert.deepEqual(Object.keys(moved.changes).sort(), ["claim", "connection"]);
    assert.equal(touchesHost(moved), false);
    assert.equal(touchesHost(diff(whole, { ...whole, packages: {} })), true);
  });

  it("shows what was found on the host as drift, each in its own words", () => {
    const drifted = (change: (outputs: Record<string, Record<string, Value>>) => void): Difference => {
      const outputs = structuredOutputs(settled({ ...BASE, ...whole }));
      change(outputs);
      return diff(whole, whole, outputs);
    };
    const cases: [(outputs: Record<string, Record<string, Value>>) => void, string, string][] = [
      [
        (o) => delete o["packages"]?.["crun"],
        'packages["crun"]',
        "+ package crun  (not installed on the host)",
      ],
      [
        (o) => (o["packages"] = { ...o["packages"], socat: "1.7" }),
        'packages["socat"]',
        "~ package socat  (version 1.7 on the host)",
      ],
      [(o) => delete o["files"]?.["/etc/a"], 'files["/etc/a"]', "+ /etc/a  (gone from the host)"],
      [
        (o) => (o["sysctls"] = { "vm.overcommit_memory": "0" }),
        'sysctls["vm.overcommit_memory"]',
        "~ sysctl vm.overcommit_memory  (0 on the host)",
      ],
      [
        (o) => {
          patch(o, "units", "x.service", { condition: "stopped" });
        },
        'units["x.service"]',
        "~ x.service  (stopped on the host)",
      ],
      [
        (o) => {
          patch(o, "units", "x.service", { enabled: false });
        },
        'units["x.service"]',
        "~ x.service  (disabled on the host)",
      ],
      [
        (o) => {
          patch(o, "units", "x.service", { dropIns: ["/etc/systemd/system/x.service.d/a.conf"] });
        },
        'units["x.service"]',
        "~ x.service  (changed by /etc/systemd/system/x.service.d/a.conf)",
      ],
      [
        (o) => {
          patch(o, "files", "/etc/key", { mode: "0644" });
        },
        'files["/etc/key"]',
        "~ /etc/key  (mode 0644 on the host)",
      ],
      [
        (o) => {
          patch(o, "files", "/usr/local/bin/x", { target: "/evil" });
        },
        'files["/usr/local/bin/x"]',
        "~ /usr/local/bin/x  (points to /evil on the host)",
      ],
      [
        (o) => {
          patch(o, "directories", "/var/lib/app", { owner: "root" });
        },
        'directories["/var/lib/app"]',
        "~ directory /var/lib/app  (owned by root:root on the host)",
      ],
      [
        (o) => {
          patch(o, "users", "app", { groups: [] });
        },
        'users["app"]',
        "~ user app  (not in adm on the host)",
      ],
    ];
    for (const [change, path, line] of cases) {
      const { changes, lines } = drifted(change);
      assert.deepEqual(Object.keys(changes), [path]);
      assert.equal(changes[path]?.inputDiff, false);
      assert.equal(lines?.[0], `one: ${line}`);
    }
  });

  it("shows the text that somebody wrote into a file, when it was small enough to be kept", () => {
    const outputs = structuredOutputs(settled({ ...BASE, ...whole }));
    patch(outputs, "files", "/etc/a", { sha256: "f".repeat(64), content: "b\n" });
    assert.deepEqual(diff(whole, whole, outputs).lines, [
      "one: ~ /etc/a  (edited on the host)",
      "one:     - b",
      "one:     + a",
    ]);
  });

  it("never shows any part of a secret, whatever it changes from and to", () => {
    const secret = fc.stringMatching(/^[a-z]{8,20}$/);
    const wrap = fc.constantFrom<(text: string) => Value>(
      (text) => new Secret({ content: `key: ${text}\n` }),
      (text) => ({ content: new Secret(`key: ${text}\n`) }),
      (text) => ({ content: `key: ${text}\n`, owner: new Secret("root") }),
    );
    fc.assert(
      fc.property(secret, secret, wrap, wrap, (old, fresh, wrapOld, wrapNew) => {
        fc.pre(old !== fresh);
        const { changes, lines } = diff(
          { files: { "/etc/key": wrapOld(old) } },
          { files: { "/etc/key": wrapNew(fresh) } },
        );
        assert.deepEqual(Object.keys(changes), ['files["/etc/key"]']);
        const text = (lines ?? []).join("\n");
        assert.ok(!text.includes(old) && !text.includes(fresh));
        assert.match(text, /changed \(secret\)/);
      }),
    );
  });

  it("never shows what was found in a secret file", () => {
    const inputs = { files: { "/etc/key": { content: new Secret("private") } } };
    const outputs = structuredOutputs(settled({ ...BASE, ...inputs }));
    patch(outputs, "files", "/etc/key", { sha256: new Secret("f".repeat(64)), content: "planted" });
    assert.deepEqual(diff(inputs, inputs, outputs).lines, ["one: ~ /etc/key  (edited on the host)"]);
  });
});

function structuredOutputs(outputs: Properties): Record<string, Record<string, Value>> {
  const entries = Object.entries(outputs).flatMap(([key, value]) =>
    isMap(value) ? [[key, { ...value }] as const] : [],
  );
  return Object.fromEntries(entries);
}

function patch(
  outputs: Record<string, Record<string, Value>>,
  map: string,
  name: string,
  parts: Properties,
): void {
  const item = outputs[map]?.[name];
  assert.ok(item !== undefined && isMap(item));
  outputs[map] = { ...outputs[map], [name]: { ...item, ...parts } };
}
