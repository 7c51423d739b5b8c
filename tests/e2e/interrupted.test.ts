import assert from "node:assert/strict";
import { differences, machineSnapshot, type Snapshot } from "../support/machine-snapshot.ts";
import { killedAt, momentBy, pluginsEnd } from "../support/killed-run.ts";
import { labRange } from "../support/lab-range.ts";
import { saidBy, succeeded } from "../support/process.ts";
import { Chance, SEED } from "../support/seed.ts";
import { StackUnderTest } from "../support/stack-under-test.ts";

/** About as many resources as this stack has. */
const RESOURCES = 45;
const RUNS = 3;

const stack = new StackUnderTest("killed");
const range = await labRange(stack.lab.network);

describe(`a run that is killed (SEED=${SEED})`, () => {
  const names = stack.names(["one", ".registry"]);
  const chance = new Chance(SEED);
  let pristine: Snapshot;

  before(async () => {
    await stack.prepare({
      lab: { subnet: range.subnet },
      hosts: [
        { name: "one", machine: "nspawn", address: range.address(11), roles: ["control-plane", "worker"] },
      ],
      workloads: { walkthrough: true },
    });
    await stack.checkout.pulumi(["stack", "select", "--create", stack.name]);
    pristine = await machineSnapshot(names);
  });

  after(() => stack.takeAway());

  describe("while it takes a node's role away", () => {
    it("has what is half gone looked at and mended by the next one", async () => {
      await stack.mustUp();
      const { finished, killed } = await killedAt(stack, "destroy", {
        tells: /one-node deleting .*removes \d+ files/,
      });
      assert.ok(killed, `it had ended before\n${saidBy(finished)}`);
      await pluginsEnd(stack, 30);
      const next = await stack.up();
      succeeded(next, "up");
      const said = saidBy(next);
      assert.match(said, /an earlier run was cut off while it took things away/);
      assert.match(said, /one-node updated/);
      assert.match(said, /✔ page fetched from http:\S+ +Hello world/);
    });

    it("leaves a stack that can be taken down to nothing", async () => {
      succeeded(await stack.down(), "down");
      assert.deepEqual(differences(pristine, await machineSnapshot(names)), []);
      await stack.checkout.pulumi(["stack", "select", "--create", stack.name]);
    });
  });

  for (let run = 1; run <= RUNS; run += 1) {
    const moment = momentBy(chance, RESOURCES);
    const when = `${moment.resourcesDone} resources and ${moment.millisecondsLater} ms`;

    describe(`after ${when}`, () => {
      it("leaves no plugin behind that could go on writing", async () => {
        const { finished, killed } = await killedAt(stack, "up", moment);
        assert.ok(killed, `it had ended before\n${saidBy(finished)}`);
        await pluginsEnd(stack, 30);
      });

      it("is taken up by the next one, which ends with a cluster that serves", async () => {
        const said = await stack.mustUp();
        assert.match(said, /✔ page fetched from http:\S+ +Hello world/);
      });

      it("leaves a stack that can be taken down to nothing", async () => {
        succeeded(await stack.down(), "down");
        assert.deepEqual(differences(pristine, await machineSnapshot(names)), []);
        await stack.checkout.pulumi(["stack", "select", "--create", stack.name]);
      });
    });
  }
});
