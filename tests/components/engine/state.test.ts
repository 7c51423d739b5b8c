import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { engineState } from "../../../components/engine/state.ts";
import type { EngineSettings } from "../../../components/engine/settings.ts";
import { referencesIn } from "../../../components/host/role-state.ts";
import { assertGolden } from "../golden.ts";
import { renderedState, textOf } from "../rendered-state.ts";

const bare: EngineSettings = { credentials: [], trustedKeys: [], networks: {}, collectGarbage: true };
const armored = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nof the team\n-----END PGP PUBLIC KEY BLOCK-----\n";
const full: EngineSettings = {
  credentials: [{ name: "team", domains: ["example.com"], registries: ["registry.example:5000"] }],
  trustedKeys: [
    { key: armored, fingerprint: "0123456789abcdef0123456789abcdef01234567" },
    { key: armored, fingerprint: "89abcdef0123456789abcdef0123456789abcdef", prefix: "example.com/team" },
  ],
  networks: { db: { type: "ptp", ipam: { type: "host-local", subnet: "10.5.0.0/24" } } },
  stage1: { name: "coreos.com/rkt/stage1-fly", version: "0.1.0" },
  data: "/srv/rkt",
  collectGarbage: true,
};

describe("the state of a host's engine", () => {
  it("is what reviewers have read", () => {
    assertGolden("engine/full", renderedState(engineState(full, "rktnetes-engine")));
    assertGolden("engine/bare", renderedState(engineState(bare, "rktnetes-engine")));
  });

  it("brings the package by its bytes, and leaves its version to what was verified", () => {
    assert.deepEqual(engineState(bare, "rkt").packageFiles, ["rkt"]);
    assert.equal(engineState(bare, "rkt").packages, undefined);
  });

  it("holds credentials in files of root's alone, and only by reference", () => {
    const state = engineState(full, "rktnetes-engine");
    assert.deepEqual(referencesIn(state), ["engine-password:team", "engine-user:team"]);
    for (const [path, file] of Object.entries(state.files ?? {}))
      if (path.startsWith("/etc/rkt/auth.d/")) assert.equal(file.mode, "0600", path);
  });

  it("writes JSON once the references have their values", () => {
    for (const [path, { content }] of Object.entries(engineState(full, "rktnetes-engine").files ?? {})) {
      if (!path.endsWith(".json") || content === undefined) continue;
      const parts = Array.isArray(content) ? content : [content];
      const text = parts.map((part) => (typeof part === "string" ? part : '"it\'s \\"quoted\\""')).join("");
      assert.doesNotThrow(() => void JSON.parse(text), path);
    }
  });

  it("leaves pods' garbage alone where it is told to", () => {
    assert.deepEqual(engineState({ ...bare, collectGarbage: false }, "rkt").units, {});
  });

  it("ends pods by a script that shellcheck has nothing against", () => {
    const { content } = engineState(bare, "rkt").files?.["/opt/rktnetes/libexec/stop-engine-pods"] ?? {};
    const { stdout, status } = spawnSync("shellcheck", ["-"], {
      input: textOf(content ?? ""),
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout);
  });
});
