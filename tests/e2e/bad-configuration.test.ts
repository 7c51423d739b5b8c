import assert from "node:assert/strict";
import { listNetworks } from "../../lab/network.ts";
import { failed, succeeded } from "../support/process.ts";
import { labOptions } from "../support/host-in-lab.ts";
import { StackUnderTest } from "../support/stack-under-test.ts";

const stack = new StackUnderTest("mistakes");

describe("a configuration with mistakes", () => {
  let said = "";

  before(async () => {
    await stack.prepare({
      cluster: { version: "v1.20.0", podCidr: "10.244.0.0/16", serviceCidr: "10.244.128.0/17" },
      lab: { subnet: "10.79.20.0/24" },
      hosts: [
        { name: "one", machine: "nspawn", address: "10.79.20.11", roles: ["control-plane", "worker"] },
        { name: "one", machine: "nspawn", address: "10.79.20.12", roles: ["control-plane"], colour: "red" },
        { name: "three", machine: "nspawn", address: "10.80.0.13" },
      ],
    });
    await stack.checkout.pulumi(["stack", "select", "--create", stack.name]);
    said = failed(await stack.pulumi(["preview"]), "a preview of a wrong configuration");
  });

  after(() => stack.takeAway());

  it("is refused with all of them in one message, each with its path, value and what is allowed", () => {
    const expected: readonly (readonly [string, string, string])[] = [
      ["cluster.version", '"v1.20.0"', "1.36"],
      ["hosts\\[1\\].colour", "an unknown key", "Pulumi.yaml"],
      ["hosts\\[1\\].name", '"one"', "a name that hosts\\[0\\] doesn't have"],
      ["hosts\\[2\\].address", "10.80.0.13", "an address of lab.subnet"],
      ["hosts\\[\\*\\].roles", "2 control planes", "an odd number"],
      ["cluster.serviceCidr", "10.244.128.0/17", "doesn't overlap cluster.podCidr"],
    ];
    for (const [path, got, allowed] of expected) {
      assert.match(said, new RegExp(`- ${path}\\s+got: +${got}.*\\s+allowed: .*${allowed}`), said);
    }
  });

  it("is told without a stack of calls", () => {
    assert.doesNotMatch(said, /\n\s+at .+:\d+:\d+/);
  });

  it("leaves the machine alone: no lab network, no resource", async () => {
    const network = stack.checkout.labOf(stack.cluster, stack.name).network;
    assert.ok(!(await listNetworks(labOptions.folders)).includes(network));
    assert.deepEqual(
      (await stack.resources()).filter(({ custom }) => custom),
      [],
    );
  });

  it("stops `up` too, which then gathers no logs of hosts it never reached", async () => {
    const up = failed(await stack.up(), "up with a wrong configuration");
    assert.match(up, /hosts\[1\]\.colour/);
    succeeded(await stack.pulumi(["stack"]), "the stack");
    assert.deepEqual(
      (await stack.resources()).filter(({ custom }) => custom),
      [],
    );
  });
});
