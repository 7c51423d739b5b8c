/** The default network's 253 addresses, all of them in use. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { NetworkHost, type Driver, type Pod } from "../integration/engine/networkHost.ts";

const ADDRESSES = 253;
const AT_ONCE = 11;

describe("the default network when it is full", function () {
  this.timeout(0);
  let host: NetworkHost;
  let engine: Driver;
  const pods: Pod[] = [];

  before(async () => {
    host = await NetworkHost.found();
    engine = host.driver();
  });

  after(async () => {
    await engine.end();
    await host.end();
  });

  it(`has ${ADDRESSES} pods, each of which answers`, async () => {
    while (pods.length < ADDRESSES) {
      pods.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => engine.pod()))));
    }
    // Nobody listens, so a pod's kernel refuses; one that is not there says nothing.
    const answers = await host.run(`node -e '
      for (const address of ${JSON.stringify(pods.map(({ ip }) => ip))}) {
        require("net").connect(80, address).setTimeout(20000, () => process.exit(1))
          .on("error", (error) => console.log(address, error.code))
      }'`);
    assert.deepEqual(answers.split("\n").toSorted(), pods.map(({ ip }) => `${ip} ECONNREFUSED`).toSorted());
    assert.equal(new Set(answers.split("\n")).size, ADDRESSES);
  });

  it("has one rule for all of them", async () => {
    const rules = await host.run("nft list ruleset | grep -c masquerade");
    assert.equal(rules, "1");
  });

  it("refuses one more, says why, and keeps nothing of it", async () => {
    const before = await host.traces();
    const uuid = randomUUID();
    await host.makePodFolder(uuid);
    assert.match(
      await engine.refusal({ what: "setUp", uuid }),
      /^failed to setup network: error adding network "default": .*no IP addresses available in range set: 172\.16\.28\.1-172\.16\.28\.254/,
    );
    assert.equal(await host.traces(), before);
  });

  it("has room again as soon as one of them goes", async () => {
    const gone = pods.pop();
    assert.ok(gone);
    await engine.remove(gone);
    const next = await engine.pod();
    pods.push(next);
    assert.equal(next.ip, gone.ip);
    assert.equal(await host.ask(undefined, next.ip, 80), "ECONNREFUSED");
  });

  it("is empty when all of them have gone", async () => {
    await engine.remove(...pods);
    assert.equal(await host.run("ls /run/netns"), "outside");
    assert.doesNotMatch(await host.run("nft list ruleset"), /rkt/);
  });
});
