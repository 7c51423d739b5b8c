import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labKinds } from "../../../provider/lab/index.ts";
import type { OperationContext, ResourceKind } from "../../../provider/protocol/resource.ts";
import { Secret, UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";

const silent = { progress() {}, info() {}, warning() {} };
const preview: OperationContext = {
  urn: "urn:pulumi:dev::rktnetes::type::thing",
  name: "thing",
  preview: true,
  timeoutSeconds: 0,
  signal: new AbortController().signal,
  log: silent,
};

function kind(token: string): ResourceKind {
  const found = labKinds().find((candidate) => candidate.token === token);
  assert.ok(found, token);
  return found;
}

async function failures(token: string, inputs: Properties): Promise<string[]> {
  const { failures: found = [] } = await kind(token).check(inputs, {}, preview);
  return found.map(({ property }) => property).sort();
}

async function replaced(token: string, olds: Properties, news: Properties): Promise<string[]> {
  const args = { id: "none/none", olds, oldInputs: olds, news, ignoreChanges: [] };
  const { changes } = await kind(token).diff(args, preview);
  return Object.entries(changes)
    .filter(([, change]) => change.kind.endsWith("replace"))
    .map(([key]) => key);
}

const host = { name: "one", network: "dev", address: "10.77.0.10" };

describe("the lab's resources", () => {
  let cache = "";
  let before: string | undefined;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), "cache-"));
    before = process.env["RKTNETES_CACHE"];
    process.env["RKTNETES_CACHE"] = cache;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env["RKTNETES_CACHE"];
    else process.env["RKTNETES_CACHE"] = before;
    await rm(cache, { recursive: true });
  });

  it("fill in their defaults", async () => {
    const network = await kind("rktnetes:lab:Network").check({ name: "dev" }, {}, preview);
    assert.deepEqual(network, { inputs: { name: "dev", subnet: "10.77.0.0/24" }, failures: [] });
    const checked = await kind("rktnetes:lab:NspawnHost").check(host, {}, preview);
    assert.equal(checked.inputs["release"], "trixie");
  });

  it("report every mistake at once, each with its path", async () => {
    assert.deepEqual(
      await failures("rktnetes:lab:Network", { name: "Dev", subnet: "10.0.0.1/24", colour: "red" }),
      ["colour", "name", "subnet"],
    );
    assert.deepEqual(
      await failures("rktnetes:lab:NspawnHost", { name: "", network: "dev", address: "ten", release: "sid" }),
      ["address", "name", "release"],
    );
    assert.deepEqual(
      await failures("rktnetes:lab:Registry", {
        network: "dev",
        address: "10.77.0.1",
        port: 0,
        images: ["nginx", "word"],
      }),
      ["images[1]", "port"],
    );
  });

  it("have nothing against what is not known yet", async () => {
    assert.deepEqual(await failures("rktnetes:lab:NspawnHost", { ...host, network: UNKNOWN }), []);
  });

  it("know at preview everything but keys", async () => {
    const network = await kind("rktnetes:lab:Network").create(
      { name: "dev", subnet: "10.77.0.0/24" },
      preview,
    );
    assert.equal(network.outputs["gateway"], "10.77.0.1");
    assert.equal(network.outputs["publicKey"], UNKNOWN);
    assert.ok(network.outputs["privateKey"] instanceof Secret);
    const made = await kind("rktnetes:lab:NspawnHost").create({ ...host, release: "trixie" }, preview);
    assert.equal(made.outputs["address"], "10.77.0.10");
    assert.equal(made.outputs["hostKeys"], UNKNOWN);
    const registry = await kind("rktnetes:lab:Registry").create(
      { network: "dev", address: "10.77.0.1", port: 5000, images: ["nginx"] },
      preview,
    );
    assert.match(
      JSON.stringify(registry.outputs["images"]),
      /^\{"nginx":"10\.77\.0\.1:5000\/nginx:[0-9a-f]{12}"\}$/,
    );
  });

  it("are replaced, deleted first, by another address, release or subnet", async () => {
    const olds = { ...host, release: "trixie" };
    assert.deepEqual(await replaced("rktnetes:lab:NspawnHost", olds, { ...olds, address: "10.77.0.11" }), [
      "address",
    ]);
    assert.deepEqual(await replaced("rktnetes:lab:NspawnHost", olds, { ...olds, release: "bookworm" }), [
      "release",
    ]);
    const network = { name: "dev", subnet: "10.77.0.0/24" };
    assert.deepEqual(
      await replaced("rktnetes:lab:Network", network, { ...network, subnet: "10.78.0.0/24" }),
      ["subnet"],
    );
  });

  it("show in a preview that they are gone from this machine, as a change that no input made", async () => {
    const olds = { ...host, release: "trixie" };
    const args = { id: "dev/one", olds, oldInputs: olds, news: olds, ignoreChanges: [] };
    const difference = await kind("rktnetes:lab:NspawnHost").diff(args, preview);
    assert.deepEqual(difference.changes, { status: { kind: "update", inputDiff: false } });
    assert.match(difference.lines?.[0] ?? "", /"dev\/one" is gone/);
  });

  it("are left as they are once they were given up, whatever that is", async () => {
    const olds = { ...host, release: "trixie", hostKeys: ["ssh-ed25519 key"], status: "stopped" };
    const oldInputs = { ...host, release: "trixie" };
    const news = { ...oldInputs, abandon: true };
    for (const token of ["rktnetes:lab:NspawnHost", "rktnetes:lab:KvmHost"]) {
      const before = { id: "dev/one", olds, oldInputs, news };
      const { changes, lines = [] } = await kind(token).diff({ ...before, ignoreChanges: [] }, preview);
      assert.deepEqual([changes, lines], [{ abandon: { kind: "add" } }, []]);
      const update = (context: OperationContext): Promise<Properties> => kind(token).update(before, context);
      const given = { ...news, hostKeys: ["ssh-ed25519 key"], status: "gone" };
      assert.deepEqual(await update(preview), given);
      assert.deepEqual(await update({ ...preview, preview: false }), given);
      const settled = { id: "dev/one", olds: given, oldInputs: news, news, ignoreChanges: [] };
      assert.deepEqual((await kind(token).diff(settled, preview)).changes, {});
      const read = await kind(token).read({ id: "dev/one", outputs: given, inputs: news }, preview);
      assert.deepEqual(read, { id: "dev/one", outputs: given, inputs: news });
    }
  });

  it("are read as gone when they are", async () => {
    for (const token of ["rktnetes:lab:Network", "rktnetes:lab:NspawnHost", "rktnetes:lab:Registry"]) {
      const read = await kind(token).read(
        { id: "dev", outputs: {}, inputs: {} },
        { ...preview, preview: false },
      );
      assert.equal(read.id, "", token);
    }
  });
});
