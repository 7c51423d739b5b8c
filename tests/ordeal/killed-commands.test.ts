/** The engine's commands killed at many seeded moments. SEED and COUNT choose them; what has passed is not repeated. */
import { EngineHost } from "../support/engine-host.ts";
import { killSomeCommand, nothingLeft, startService, traces } from "../support/killed-commands.ts";
import { OrdealProgress } from "../support/ordeal-progress.ts";
import { Chance, SEED } from "../support/seed.ts";

const COUNT = Number(process.env["COUNT"] ?? 200);
/** After so many kills somebody looks what is left. */
const ROUND = 20;
const progress = new OrdealProgress("killed-commands");

describe(`${COUNT} commands of the engine that are killed`, function () {
  this.timeout(0);
  let host: EngineHost;
  let seed = SEED;

  before(async () => {
    const underWay = await progress.seed();
    if (process.env["SEED"] === undefined && underWay !== undefined) seed = underWay;
    process.stdout.write(`  SEED=${seed} COUNT=${COUNT}\n`);
    host = await EngineHost.make("engine-ordeal", "trixie");
  });

  after(() => host.remove());

  for (let round = 0; round * ROUND < COUNT; round += 1) {
    it(`leaves nothing, and no running pod is lost: ${round * ROUND + 1} to ${(round + 1) * ROUND}`, async () => {
      if (await progress.hasPassed(seed, round)) return;
      const chance = new Chance(seed + round);
      const unit = `survivor-${round}`;
      const survivor = await startService(host, unit, "sleep 100000");
      const before = await traces(host);
      for (let kill = 0; kill < ROUND; kill += 1) await killSomeCommand(host, chance);
      await nothingLeft(host, survivor, before);
      await host.run(`systemctl stop ${unit}; rkt gc --grace-period=0s`);
      await progress.pass(seed, round);
    });
  }

  it("is through", () => progress.close());
});
