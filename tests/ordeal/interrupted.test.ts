/**
 * Runs killed at many seeded moments, of `up` and of `destroy`. SEED and COUNT choose them; an ordeal that was
 * interrupted goes on with its own seed, and does not repeat what it has passed.
 */
import assert from "node:assert/strict";
import { killedAt, momentBy, pluginsEnd } from "../support/killed-run.ts";
import { differences, machineSnapshot, type Snapshot } from "../support/machine-snapshot.ts";
import { OrdealProgress } from "../support/ordeal-progress.ts";
import { labRange } from "../support/lab-range.ts";
import { saidBy, succeeded } from "../support/process.ts";
import { Chance, SEED } from "../support/seed.ts";
import { StackUnderTest } from "../support/stack-under-test.ts";

const COUNT = Number(process.env["COUNT"] ?? 30);
const RESOURCES = 45;
const progress = new OrdealProgress("interrupted");
const stack = new StackUnderTest("killed");
const range = await labRange(stack.lab.network);

describe(`${COUNT} runs that are killed`, function () {
  this.timeout(0);
  const names = stack.names(["one", ".registry"]);
  let pristine: Snapshot;
  let seed = SEED;

  before(async () => {
    const underWay = await progress.seed();
    if (process.env["SEED"] === undefined && underWay !== undefined) seed = underWay;
    process.stdout.write(`  SEED=${seed} COUNT=${COUNT}\n`);
    await stack.prepare({
      lab: { subnet: range.subnet },
      hosts: [
        { name: "one", machine: "nspawn", address: range.address(11), roles: ["control-plane", "worker"] },
      ],
      workloads: { walkthrough: true },
    });
    pristine = await machineSnapshot(names);
  });

  after(() => stack.takeAway());

  for (let round = 1; round <= COUNT; round += 1) {
    const verb = round % 3 === 0 ? "destroy" : "up";
    it(`round ${round}: a killed ${verb} is taken up, serves, and goes without a trace`, async () => {
      if (await progress.hasPassed(seed, round)) {
        process.stdout.write(`      round ${round} was passed before\n`);
        return;
      }
      const moment = momentBy(new Chance(seed + round), RESOURCES);
      process.stdout.write(
        `      ${verb} killed after ${moment.resourcesDone} resources and ${moment.millisecondsLater} ms\n`,
      );
      succeeded(await stack.checkout.pulumi(["stack", "select", "--create", stack.name]), "the stack");
      if (verb === "destroy") await stack.mustUp();
      const { finished, killed } = await killedAt(stack, verb, moment);
      assert.ok(killed, `it had ended before\n${saidBy(finished)}`);
      await pluginsEnd(stack, 30);
      assert.match(await stack.mustUp(), /✔ page fetched from http:\S+ +Hello world/);
      succeeded(await stack.down(), "down");
      assert.deepEqual(differences(pristine, await machineSnapshot(names)), []);
      await progress.pass(seed, round);
    });
  }

  it("are all through", async () => {
    for (let round = 1; round <= COUNT; round += 1)
      assert.ok(await progress.hasPassed(seed, round), `round ${round}`);
    await progress.close();
  });
});
