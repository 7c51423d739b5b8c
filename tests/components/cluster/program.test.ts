import assert from "node:assert/strict";
import { HOST_ONE, HOST_TWO } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { runProgram, type Recorded, type Run } from "../recorded-program.ts";

const two = { ...HOST_TWO, machine: "nspawn" };
const workloads = { walkthrough: true, webReplicas: 2, examples: true };

describe("the program", function () {
  this.timeout(120_000);
  let alone: Run;
  let pair: Run;

  before(async () => {
    alone = await runProgram({ hosts: [HOST_ONE], workloads });
    pair = await runProgram({ hosts: [HOST_ONE, two], workloads });
  });

  it("keeps its resources' names, by which a stack knows them again", () => {
    const lines = pair.resources.map(({ urn }) => `${urn.replace("urn:pulumi:test::rktnetes::", "")}\n`);
    assertGolden("program/resources", lines.sort().join(""));
  });

  it("has at most 30 resources for a host", () => {
    for (const { name, urn } of pair.resources.filter(({ type }) => type === "rktnetes:cluster:Host")) {
      const own = pair.resources.filter((resource) => resource.urn === urn || resource.parent === urn);
      const machine = pair.resources.filter((resource) => resource.custom && resource.name === name);
      assert.ok(own.length + machine.length <= 30, `${name}: ${own.length + machine.length}`);
      assert.ok(own.length >= 8 && machine.length === 1, "the count finds what belongs to a host");
    }
  });

  it("adds a fixed number of resources for a further worker", () => {
    const added = pair.resources.length - alone.resources.length;
    const routes = pair.resources.filter(({ name }) => name === "one-routes");
    assert.equal(routes.length, 1);
    assert.ok(added - routes.length <= 12, `${added} resources more`);
  });

  it("changes nothing on the first host but its routes when another one joins", () => {
    const before = byUrn(alone);
    for (const resource of pair.resources.filter((candidate) => candidate.name.startsWith("one-"))) {
      const was = before.get(resource.urn);
      if (resource.name === "one-routes") assert.equal(was, undefined);
      else assert.deepEqual(resource.plain, was?.plain, resource.name);
    }
  });

  it("changes nothing inside the cluster when another one joins", () => {
    assert.deepEqual(inCluster(pair), inCluster(alone));
  });

  it("leads no object inside the cluster to a host's address, but for endpoints", () => {
    const naming = pair.resources
      .filter(({ type }) => type.startsWith("kubernetes:") && !type.endsWith(":EndpointSlice"))
      .filter(({ plain }) => /10\.77\.0\.1[12]/.test(JSON.stringify(plain)));
    assert.deepEqual(
      naming.map(({ name }) => name),
      [],
    );
  });

  it("touches a host only after every host was found fit", () => {
    const claims = pair.resources.filter(({ type }) => type === "rktnetes:host:Claim").map(({ urn }) => urn);
    assert.equal(claims.length, 2);
    for (const resource of pair.resources.filter(({ type }) => type === "rktnetes:host:State")) {
      const before = everythingBefore(pair, resource);
      for (const claim of claims) assert.ok(before.has(claim), `${resource.name} does not wait for ${claim}`);
    }
  });

  it("runs a pod only after every node is there and names are answered", () => {
    const wanted = ["one-node", "two-node", "one-addons"];
    for (const name of ["task-pv-pod", "web", "example-job", "example-replicas", "example-everywhere"]) {
      const pod = pair.resources.find(
        (one) => one.name === name && /:(Pod|Deployment|Job|Re|Da)/.test(one.type),
      );
      assert.ok(pod, name);
      const before = everythingBefore(pair, pod);
      const names = pair.resources.filter(({ urn }) => before.has(urn)).map((resource) => resource.name);
      for (const one of wanted) assert.ok(names.includes(one), `${name} does not wait for ${one}`);
    }
  });

  it("takes a node out of the cluster only after all that runs on it, and whatever became of its host", () => {
    const nodes = pair.resources.filter(({ type }) => type === "rktnetes:cluster:Registration");
    assert.deepEqual(nodes.map(({ name }) => name).sort(), ["one-registration", "two-registration"]);
    const identity = pair.resources.find(({ type }) => type === "rktnetes:cluster:Identity");
    for (const { urn, name, deletedWith } of nodes) {
      const kubelet = pair.resources.find((one) => one.name === name.replace("registration", "node"));
      assert.ok(kubelet?.dependencies.includes(urn), name);
      assert.equal(deletedWith, identity?.urn, name);
    }
    const second = nodes.find(({ name }) => name === "two-registration");
    assert.ok(second);
    const before = everythingBefore(pair, second);
    const earlier = pair.resources.filter(({ name, urn }) => name.startsWith("two-") && before.has(urn));
    // The API servers wait for every claim and for nothing else of another host.
    assert.deepEqual(
      earlier.map(({ name }) => name),
      ["two-claim"],
    );
  });

  it("takes the node of an abandoned host out of the cluster, unless no API server is left to ask", async () => {
    const registered = async (hosts: readonly object[]): Promise<readonly string[]> => {
      const { resources } = await runProgram({ hosts, workloads });
      return resources.filter(({ type }) => type === "rktnetes:cluster:Registration").map(({ name }) => name);
    };
    assert.deepEqual(await registered([HOST_ONE, { ...two, abandon: true }]), ["one-registration"]);
    assert.deepEqual(await registered([{ ...HOST_ONE, abandon: true }]), ["one-registration"]);
  });

  it("has the cluster's own objects go with the cluster, and workloads by themselves", () => {
    const identity = pair.resources.find(({ type }) => type === "rktnetes:cluster:Identity");
    for (const { name, type, deletedWith, parent } of pair.resources) {
      if (!type.startsWith("kubernetes:")) continue;
      const own = parent.includes("rktnetes:addons:ClusterServices");
      assert.equal(deletedWith, own ? identity?.urn : "", name);
    }
  });
});

function byUrn(run: Run): ReadonlyMap<string, Recorded> {
  return new Map(run.resources.map((resource) => [resource.urn, resource]));
}

function inCluster(run: Run): readonly object[] {
  return run.resources
    .filter(({ type }) => type.startsWith("kubernetes:") || type === "pulumi:providers:kubernetes")
    .map(({ urn, plain }) => ({ urn, plain }))
    .sort((a, b) => a.urn.localeCompare(b.urn));
}

/** All that a resource waits for, directly or not. */
function everythingBefore(run: Run, resource: Recorded): ReadonlySet<string> {
  const known = byUrn(run);
  const found = new Set<string>();
  const visit = (from: Recorded): void => {
    // A provider's reference is its URN and its id.
    const provider = from.provider.split("::").slice(0, 4).join("::");
    for (const urn of [...from.dependencies, provider]) {
      if (found.has(urn)) continue;
      found.add(urn);
      const next = known.get(urn);
      if (next !== undefined) visit(next);
    }
  };
  visit(resource);
  return found;
}
