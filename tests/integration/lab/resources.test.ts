import assert from "node:assert/strict";
import { labFolders } from "../../../lab/folders.ts";
import { deleteNetwork, stopHost } from "../../../lab/hosts.ts";
import { listNetworks } from "../../../lab/network.ts";
import { labKinds } from "../../../provider/lab/index.ts";
import type { Created, OperationContext, ResourceKind } from "../../../provider/protocol/resource.ts";
import { Secret, type Properties } from "../../../provider/protocol/value.ts";
import { labRange } from "../../support/lab-range.ts";

const network = `kinds-${process.pid}`;
const range = await labRange(network);

describe("the lab's resources on this machine", function () {
  this.timeout(300_000);

  const lines: string[] = [];
  const context = (preview: boolean): OperationContext => ({
    urn: "urn:pulumi:test::rktnetes::type::thing",
    name: "thing",
    preview,
    timeoutSeconds: 0,
    signal: new AbortController().signal,
    log: {
      progress: (line) => lines.push(line),
      info: (line) => lines.push(line),
      warning: (line) => lines.push(line),
    },
  });
  const kind = (token: string): ResourceKind => {
    const found = labKinds().find((candidate) => candidate.token === token);
    assert.ok(found, token);
    return found;
  };
  const changesOf = async (of: ResourceKind, made: Created, inputs: Properties): Promise<string[]> => {
    const args = { id: made.id, olds: made.outputs, oldInputs: inputs, news: inputs, ignoreChanges: [] };
    return Object.keys((await of.diff(args, context(true))).changes);
  };

  const networks = kind("rktnetes:lab:Network");
  const hosts = kind("rktnetes:lab:NspawnHost");
  const networkInputs: Properties = { name: network, subnet: range.subnet };
  const hostInputs: Properties = { name: "one", network, address: range.address(10), release: "trixie" };
  let madeNetwork: Created;
  let madeHost: Created;

  before(async () => {
    madeNetwork = await networks.create(networkInputs, context(false));
    madeHost = await hosts.create(hostInputs, context(false));
  });

  after(async () => {
    if ((await listNetworks(labFolders())).includes(network)) {
      await deleteNetwork(network, { folders: labFolders(), progress: () => undefined });
    }
  });

  it("give out the key as a secret only, and say what they are doing", () => {
    assert.ok(madeNetwork.outputs["privateKey"] instanceof Secret);
    assert.doesNotMatch(JSON.stringify(madeNetwork.outputs), /PRIVATE KEY/);
    assert.doesNotMatch(lines.join("\n"), /PRIVATE KEY/);
    assert.ok(lines.includes("one: booting"), lines.join("\n"));
  });

  it("are as their preview said", async () => {
    const planned = await networks.create(networkInputs, context(true));
    assert.equal(planned.outputs["bridge"], madeNetwork.outputs["bridge"]);
    assert.equal(planned.outputs["gateway"], madeNetwork.outputs["gateway"]);
  });

  it("change in nothing when nothing changed", async () => {
    assert.deepEqual(await changesOf(networks, madeNetwork, networkInputs), []);
    assert.deepEqual(await changesOf(hosts, madeHost, hostInputs), []);
  });

  it("show a host that was stopped by hand, and start it in an update", async () => {
    await stopHost(network, "one", { folders: labFolders(), progress: () => undefined });
    assert.deepEqual(await changesOf(hosts, madeHost, hostInputs), ["status"]);
    const read = await hosts.read(
      { id: madeHost.id, outputs: madeHost.outputs, inputs: hostInputs },
      context(false),
    );
    assert.equal(read.outputs["status"], "stopped");
    const update = { id: madeHost.id, olds: read.outputs, oldInputs: hostInputs, news: hostInputs };
    assert.deepEqual((await hosts.update(update, context(true)))["hostKeys"], madeHost.outputs["hostKeys"]);
    assert.deepEqual(await hosts.update(update, context(false)), madeHost.outputs);
  });

  it("can be imported by their ids", async () => {
    const read = await hosts.read({ id: madeHost.id, outputs: {}, inputs: {} }, context(false));
    assert.deepEqual(read.inputs, hostInputs);
    assert.equal((await networks.read({ id: network, outputs: {}, inputs: {} }, context(false))).id, network);
  });

  it("sweep with the network what a killed run has left on it", async () => {
    await networks.delete(
      { id: network, outputs: madeNetwork.outputs, inputs: networkInputs },
      context(false),
    );
    const read = await hosts.read(
      { id: madeHost.id, outputs: madeHost.outputs, inputs: hostInputs },
      context(false),
    );
    assert.equal(read.id, "");
    await hosts.delete({ id: madeHost.id, outputs: madeHost.outputs, inputs: hostInputs }, context(false));
    assert.equal((await listNetworks(labFolders())).includes(network), false);
  });
});
