import assert from "node:assert/strict";
import { stringify } from "yaml";
import { HOST_ONE, HOST_TWO } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { runProgram, type Recorded, type Run } from "../recorded-program.ts";

const two = { ...HOST_TWO, machine: "nspawn" };
const everything = { walkthrough: true, webReplicas: 3, examples: true };

describe("the objects inside a cluster", function () {
  this.timeout(120_000);
  let run: Run;

  before(async () => {
    run = await runProgram({ hosts: [HOST_ONE, two], workloads: everything });
  });

  it("are what their golden file shows", () => {
    const texts = objectsOf(run).map(
      ({ type, name, plain }) => `# ${type.replace("kubernetes:", "")} ${name}\n${stringify(plain)}`,
    );
    assertGolden("program/objects", texts.sort().join("---\n"));
  });

  it("make a volume that offers the page's folder on the host that has it", () => {
    const { spec } = objectNamed(run, "task-pv-volume");
    assert.partialDeepStrictEqual(spec, {
      storageClassName: "manual",
      capacity: { storage: "10Gi" },
      accessModes: ["ReadWriteOnce"],
      hostPath: { path: "/tmp/prueba" },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ values: ["one"] }] }] } },
    });
    assert.ok(run.resources.some(({ name }) => name === "one-page"));
  });

  it("claim the volume only when it is there, and run the pod only when it is claimed", () => {
    const follows = (name: string, before: string): void => {
      const { dependencies } = resourceNamed(run, name);
      assert.ok(dependencies.includes(resourceNamed(run, before).urn), `${name} does not wait for ${before}`);
    };
    follows("task-pv-volume", "one-page");
    follows("task-pv-claim", "task-pv-volume");
    follows("task-pv-pod", "task-pv-claim");
  });

  it("serve the page on the port that the container declares", () => {
    const { data } = objectNamed(run, "task-pv-nginx");
    assert.match(JSON.stringify(data), /listen 8090;/);
    assert.match(JSON.stringify(objectNamed(run, "task-pv-pod")), /"containerPort":8090/);
  });

  it("take their images from the lab's registry unless others are named", async () => {
    assert.match(JSON.stringify(objectNamed(run, "task-pv-pod")), /"image":"10\.77\.0\.1:5000\/nginx@/);
    const images = { nginx: "registry.example/nginx:1" };
    const named = await runProgram({ hosts: [HOST_ONE], workloads: everything, images });
    assert.match(JSON.stringify(objectNamed(named, "task-pv-pod")), /"image":"registry\.example\/nginx:1"/);
    assert.match(JSON.stringify(objectNamed(named, "example-job")), /"image":"10\.77\.0\.1:5000\/shell@/);
  });

  it("keep the page on the host that the configuration names", async () => {
    const workloads = { ...everything, walkthroughHost: "two" };
    const moved = await runProgram({ hosts: [HOST_ONE, two], workloads });
    assert.ok(moved.resources.some(({ name }) => name === "two-page"));
    assert.ok(!moved.resources.some(({ name }) => name === "one-page"));
    assert.match(JSON.stringify(objectNamed(moved, "task-pv-volume")), /"values":\["two"\]/);
  });

  it("are the cluster's own alone when no workload is asked for", async () => {
    const bare = await runProgram({ hosts: [HOST_ONE] });
    const others = objectsOf(bare).filter(({ parent }) => !parent.includes("ClusterServices"));
    assert.deepEqual(
      others.map(({ name }) => name),
      [],
    );
    assert.ok(objectsOf(bare).length > 8);
  });
});

function objectsOf(run: Run): readonly Recorded[] {
  return run.resources.filter(({ type }) => type.startsWith("kubernetes:"));
}

function resourceNamed(run: Run, name: string): Recorded {
  const found = run.resources.find((resource) => resource.custom && resource.name === name);
  assert.ok(found, `there is no ${name}`);
  return found;
}

function objectNamed(run: Run, name: string): Recorded["plain"] {
  return resourceNamed(run, name).plain;
}
