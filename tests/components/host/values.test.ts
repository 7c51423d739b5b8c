import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ref, referencesIn, type RoleState } from "../../../components/host/role-state.ts";
import { stateInputs, type RoleValues } from "../../../components/host/values.ts";

const values: RoleValues = {
  texts: { "ca:cluster": "the authority", "server.key": "the key" },
  artefacts: {
    coredns: {
      kind: "upload",
      path: pulumi.output("/cache/coredns"),
      sha256: pulumi.output("abc"),
      size: pulumi.output(3),
    },
    crictl: { kind: "package", package: "cri-tools", version: "1.36", path: "/usr/bin/crictl" },
  },
};

function resolved(state: RoleState): Promise<pulumi.Unwrap<pulumi.Inputs>> {
  const inputs = pulumi.output(stateInputs(state, values));
  return new Promise((resolve) => inputs.apply(resolve));
}

describe("stateInputs", () => {
  it("puts texts in the place of references, alone or among other text", async () => {
    const { files } = await resolved({
      files: {
        "/a": { content: ref("ca:cluster"), mode: "0640" },
        "/b": { content: ["key: ", ref("server.key"), "\n"] },
        "/c": { content: "plain" },
      },
    });
    assert.deepEqual(files, {
      "/a": { content: "the authority", mode: "0640" },
      "/b": { content: "key: the key\n" },
      "/c": { content: "plain" },
    });
  });

  it("uploads an artefact that was obtained here", async () => {
    const { files, packages } = await resolved({
      files: { "/bin/coredns": { artefact: "coredns", mode: "0755" } },
    });
    assert.deepEqual(files, {
      "/bin/coredns": { mode: "0755", source: { path: "/cache/coredns", sha256: "abc", size: 3 } },
    });
    assert.deepEqual(packages, {});
  });

  it("links to a program that comes in a package, and asks for the package", async () => {
    const { files, packages } = await resolved({
      packages: { nftables: "" },
      files: { "/bin/crictl": { artefact: "crictl", mode: "0755" } },
    });
    assert.deepEqual(files, { "/bin/crictl": { target: "/usr/bin/crictl" } });
    assert.deepEqual(packages, { nftables: "", "cri-tools": "1.36" });
  });

  it("marks a unit with the sum of its program, or with its package's version", async () => {
    const unitOf = (artefact: string): RoleState => ({
      units: {
        "a.service": { sections: { Unit: { "X-Program": ref(`sha256:${artefact}`) } }, enabled: true },
      },
    });
    const marks = await Promise.all(["coredns", "crictl"].map((artefact) => resolved(unitOf(artefact))));
    assert.deepEqual(
      marks,
      ["abc", "cri-tools 1.36"].map((mark) => ({
        packages: {},
        files: {},
        units: { "a.service": { sections: { Unit: { "X-Program": mark } }, enabled: true } },
      })),
    );
  });

  it("refuses a reference that nothing is given for", () => {
    const state: RoleState = { files: { "/a": { content: ref("nobody.key") } } };
    assert.throws(() => stateInputs(state, values), /no value is given for "nobody\.key"/);
    const program: RoleState = { files: { "/a": { artefact: "nothing" } } };
    assert.throws(() => stateInputs(program, values), /no artefact is given for "nothing"/);
  });
});

describe("referencesIn", () => {
  it("finds each name once, wherever it stands", () => {
    const state: RoleState = {
      files: { "/a": { content: ["x", ref("b"), ref("a")] }, "/b": { artefact: "coredns" } },
      units: {
        "a.service": { sections: { Unit: { "X-Program": ref("sha256:coredns"), Description: "b" } } },
      },
    };
    assert.deepEqual(referencesIn(state), ["a", "artefact:coredns", "b", "sha256:coredns"]);
  });
});
