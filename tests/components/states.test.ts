import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { parse } from "yaml";
import { artefactsNeeded } from "../../components/artefacts/needed.ts";
import { referencesIn, type RoleState } from "../../components/host/role-state.ts";
import { examplePlan, nodeNamed } from "./example-cluster.ts";
import { textOf } from "./rendered-state.ts";
import { roleStates } from "./role-states.ts";
import { commandsOf } from "./unit-tree.ts";

const plan = examplePlan();

/** Folders of which everything is ours: what is named there must be given by a role. */
const OURS = /(?<![\w.])\/(?:opt\/rktnetes|etc\/(?:kubernetes|etcd|rktnetes|containerd))\/[\w./:-]*\w/g;

for (const host of ["one", "two"]) {
  describe(`the states of host ${host}`, function () {
    // Each script is looked at by two programs.
    this.timeout(120_000);
    const states = Object.entries(roleStates(plan, nodeNamed(plan, host)));
    const given = new Set(
      states.flatMap(([, state]) => [
        ...Object.keys(state.files ?? {}),
        ...Object.keys(state.directories ?? {}),
      ]),
    );

    it("hold every file and folder that a unit's command names", () => {
      for (const [role, state] of states) {
        for (const [name, unit] of Object.entries(state.units ?? {})) {
          for (const path of commandsOf(unit).flatMap((command) => command.match(OURS) ?? [])) {
            assert.ok(given.has(path), `${name} (${role}) names ${path}`);
          }
        }
      }
    });

    it("hold every file and folder that a configuration file names", () => {
      for (const [role, file, text] of textsOf(states)) {
        for (const path of text.match(OURS) ?? []) {
          assert.ok(given.has(path), `${file} (${role}) names ${path}`);
        }
      }
    });

    it("leave each file to one role", () => {
      const owners = new Map<string, string>();
      for (const [role, state] of states) {
        for (const path of Object.keys(state.files ?? {})) {
          assert.equal(owners.get(path), undefined, `${path}: ${role} and ${owners.get(path) ?? ""}`);
          owners.set(path, role);
        }
      }
    });

    it("agree about the folders that they share", () => {
      const known = new Map<string, object>();
      for (const [, state] of states) {
        for (const [path, directory] of Object.entries(state.directories ?? {})) {
          assert.deepEqual(directory, known.get(path) ?? directory, path);
          known.set(path, directory);
        }
      }
    });

    it("make every user that owns a file or runs a unit in the same role", () => {
      for (const [role, state] of states) {
        const made = new Set(["root", ...Object.keys(state.users ?? {})]);
        for (const user of usersNamedIn(state)) assert.ok(made.has(user), `${role} names ${user}`);
      }
    });

    it("restart units on files of their own role only", () => {
      for (const [, state] of states) {
        for (const unit of Object.values(state.units ?? {})) {
          for (const path of unit.restartOn ?? []) assert.ok(state.files?.[path] !== undefined, path);
        }
      }
    });

    it("restart a unit when a file changes that it reads, directly or by way of another", () => {
      for (const [role, state] of states) {
        for (const [name, unit] of Object.entries(state.units ?? {})) {
          const text = commandsOf(unit).join(" ");
          for (const path of readFrom(state, text)) {
            assert.ok(unit.restartOn?.includes(path), `${name} (${role}) reads ${path}`);
          }
        }
      }
    });

    it("let only root and its owner read a private key", () => {
      for (const [role, state] of states) {
        for (const [path, { content, mode }] of Object.entries(state.files ?? {})) {
          if (content === undefined || !/<<[^>]*key[^>]*>>/.test(textOf(content))) continue;
          assert.match(mode ?? "0644", /^06[04]0$/, `${path} (${role})`);
        }
      }
    });

    it("need no artefact that the plan does not obtain", () => {
      const needed = new Set<string>(artefactsNeeded(plan));
      for (const [role, state] of states) {
        for (const reference of referencesIn(state)) {
          const [, artefact] = /^(?:artefact|sha256):(.*)$/.exec(reference) ?? [];
          if (artefact !== undefined) assert.ok(needed.has(artefact), `${role} needs ${artefact}`);
        }
      }
    });

    it("hold YAML and JSON that can be read", () => {
      const kinds: string[] = [];
      for (const [, file, text] of textsOf(states)) {
        if (/(\.yaml|kubeconfig)$/.test(file)) assert.equal(typeof parse(text), "object", file);
        else if (file.endsWith(".conflist")) assert.equal(typeof JSON.parse(text), "object", file);
        else continue;
        kinds.push(file);
      }
      assert.ok(kinds.length > 4);
    });

    it("hold scripts that bash can read and shellcheck has nothing to say about", () => {
      const scripts = textsOf(states).filter(([, , text]) => text.startsWith("#!/bin/bash"));
      assert.ok(scripts.length > 2);
      for (const [, file, text] of scripts) {
        const syntax = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
        assert.equal(syntax.stderr, "", file);
        const check = spawnSync("shellcheck", ["-"], { input: text, encoding: "utf8" });
        if (check.error === undefined) assert.equal(check.stdout, "", file);
      }
    });
  });
}

/** Role, path and text of every file that is not a program. */
function textsOf(states: readonly [string, RoleState][]): readonly [string, string, string][] {
  return states.flatMap(([role, state]) =>
    Object.entries(state.files ?? {}).flatMap(([path, { content }]): [string, string, string][] =>
      content === undefined ? [] : [[role, path, textOf(content)]],
    ),
  );
}

/** Files of a state that a text names, and those that they name in their turn. Programs are not meant. */
function readFrom(state: RoleState, text: string, known: Set<string> = new Set()): ReadonlySet<string> {
  for (const path of text.match(OURS) ?? []) {
    const file = state.files?.[path];
    if (file?.content === undefined || file.mode === "0755" || known.has(path)) continue;
    known.add(path);
    readFrom(state, textOf(file.content), known);
  }
  return known;
}

function usersNamedIn(state: RoleState): readonly string[] {
  const owned = [...Object.values(state.files ?? {}), ...Object.values(state.directories ?? {})];
  const running = Object.values(state.units ?? {}).flatMap(({ sections }) => {
    const { User: user, Group: group } = sections?.["Service"] ?? {};
    return [user, group];
  });
  const names = [...owned.flatMap(({ owner, group }) => [owner, group]), ...running];
  return names.filter((name) => typeof name === "string");
}
