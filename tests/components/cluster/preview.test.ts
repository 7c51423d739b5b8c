import assert from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { isMap, Secret, type Value } from "../../../provider/protocol/value.ts";
import { HOST_ONE, HOST_TWO } from "../example-cluster.ts";
import { PRIVATE } from "../recorded-outputs.ts";
import { runProgram, type Recorded, type Run } from "../recorded-program.ts";

const two = { ...HOST_TWO, machine: "nspawn" };
const workloads = { walkthrough: true, webReplicas: 2, examples: true };
const PAIR = { hosts: [HOST_ONE, two], workloads };
const KUBELET_CONFIG = "/etc/kubernetes/kubelet/config.yaml";

describe("a preview", function () {
  this.timeout(120_000);
  let first: Run;

  before(async () => {
    first = await runProgram(PAIR);
  });

  it("of a changed kubelet field shows that file on that host and nothing else", async () => {
    const changed = await runProgram({ ...PAIR, hosts: [HOST_ONE, { ...two, kubelet: { maxPods: 42 } }] });
    assert.deepEqual(changedPaths(first, changed), [`two-node files ${KUBELET_CONFIG} content`]);
  });

  it("of a changed label shows that label on that node, and no unit that would restart", async () => {
    const changed = await runProgram({ ...PAIR, hosts: [{ ...HOST_ONE, labels: { disk: "ssd" } }, two] });
    assert.deepEqual(changedPaths(first, changed), ["one-registration labels disk"]);
  });

  it("of another authority changes no object in the cluster but the metrics API's trust in it", async () => {
    const rotated = await runProgram(PAIR, { generation: "second" });
    const concerned = changedPaths(first, rotated).filter((path) => {
      const resource = rotated.resources.find(({ name }) => name === path.split(" ")[0]);
      return resource?.type.startsWith("kubernetes:") === true;
    });
    assert.deepEqual(concerned, ["v1beta1.metrics.k8s.io spec caBundle"]);
    // @pulumi/kubernetes replaces a provider, and with it every object, when this is not what it was.
    const identifiers = [first, rotated].map((run) => kubernetesProvider(run).plain["clusterIdentifier"]);
    assert.deepEqual(identifiers, ["rktnetes-dev", "rktnetes-dev"]);
    const kubeconfigs = [first, rotated].map((run) => kubernetesProvider(run).plain["kubeconfig"]);
    assert.notEqual(kubeconfigs[0], kubeconfigs[1]);
  });

  it("knows every path, unit and package before anything was made", async () => {
    const preview = await runProgram(PAIR, { preview: true });
    const names = (run: Run): object[] =>
      run.resources
        .filter(({ type }) => type === "rktnetes:host:State")
        .map(({ name, plain }) => ({
          name,
          ...Object.fromEntries(
            ["packages", "users", "directories", "files", "sysctls", "units", "probes"].map((kind) => [
              kind,
              keysOf(plain[kind]),
            ]),
          ),
        }))
        .sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(names(preview), names(first));
  });

  it("knows all units' texts but for the programs' sums before anything was made", async () => {
    const preview = await runProgram(PAIR, { preview: true });
    const unknown = changedPaths(first, preview).filter((path) => path.includes(" units "));
    assert.deepEqual(
      unknown.filter((path) => !path.endsWith(" Unit X-Program")),
      [],
    );
  });
});

describe("secrets of the program", function () {
  this.timeout(120_000);
  const password = `${PRIVATE} of a registry`;
  const credentials = { server: "https://mirror.example", username: "me", password };
  let run: Run;

  before(async () => {
    const ssh = { user: "admin", privateKey: `${PRIVATE} of ssh`, passphrase: `${PRIVATE} of a key` };
    run = await runProgram({
      hosts: [HOST_ONE, { ...HOST_TWO, ssh }],
      workloads,
      images: { registries: { "registry.example": credentials } },
    });
  });

  it("reach a registry's settings in the form of a header", () => {
    const runtime = run.resources.find(({ name }) => name === "two-runtime");
    const header = Buffer.from(`me:${password}`).toString("base64");
    assert.ok(runtime !== undefined && JSON.stringify(runtime.plain).includes(header));
    assert.ok(!JSON.stringify(runtime.inputs).includes(header), "a secret prints as [secret]");
  });

  it("are in their envelopes wherever they go", () => {
    const clear = run.resources.flatMap(({ name, inputs }) => pathsInTheClear(inputs, [name]));
    assert.deepEqual(clear, []);
  });

  it("go where they are needed", () => {
    const holders = run.resources.filter(({ plain }) => JSON.stringify(plain).includes(PRIVATE));
    const names = holders.map(({ name }) => name);
    for (const name of ["one-etcd", "one-control-plane", "one-node", "two-node", "two-claim", "one-claim"]) {
      assert.ok(names.includes(name), name);
    }
  });

  it("make the kubeconfig one, which holds the administrator's key", () => {
    const { inputs, plain } = kubernetesProvider(run);
    assert.ok(inputs["kubeconfig"] instanceof Secret);
    const kubeconfig = z
      .object({ users: z.array(z.object({ user: z.object({ "client-key-data": z.string() }) })) })
      .parse(parse(z.string().parse(plain["kubeconfig"])));
    const key = Buffer.from(kubeconfig.users[0]?.user["client-key-data"] ?? "", "base64").toString();
    assert.match(key, new RegExp(`^${PRIVATE}: admin of`));
  });
});

function kubernetesProvider(run: Run): Recorded {
  const providers = run.resources.filter(({ type }) => type === "pulumi:providers:kubernetes");
  assert.equal(providers.length, 1);
  assert.ok(providers[0]);
  return providers[0];
}

/** Every place in which the inputs of two runs differ, each as `<resource> <key> <key>…`. */
function changedPaths(before: Run, after: Run): readonly string[] {
  const was = new Map(before.resources.map((resource) => [resource.urn, resource.plain]));
  assert.equal(after.resources.length, before.resources.length);
  return after.resources.flatMap(({ urn, name, plain }) => differences(was.get(urn), plain, name)).sort();
}

function differences(before: unknown, after: unknown, path: string): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], `${path} ${key}`));
  }
  return [path];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function keysOf(value: unknown): readonly string[] {
  return isRecord(value) ? Object.keys(value).sort() : [];
}

function pathsInTheClear(value: Value, path: readonly string[]): readonly string[] {
  if (value instanceof Secret) return [];
  if (typeof value === "string") return value.includes(PRIVATE) ? [path.join(" ")] : [];
  if (Array.isArray(value)) return value.flatMap((item: Value) => pathsInTheClear(item, path));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => pathsInTheClear(item, [...path, key]));
}
