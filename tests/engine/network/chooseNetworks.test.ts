import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseNetworks, readNetworks } from "../../../engine/network/chooseNetworks.ts";
import { parseNetworks } from "../../../engine/network/networkList.ts";
import { Fault } from "../../../errors/fault.ts";

const silent = (): void => undefined;
const report = { line: silent, warn: silent, debug: silent, progress: silent };

describe("the networks of a pod", () => {
  let local: string;
  const configured = () => readNetworks({ data: "", system: "", library: "", local }, report);
  const put = (file: string, name: string): void => {
    writeFileSync(join(local, "net.d", file), JSON.stringify({ name, type: "bridge", from: file }));
  };

  beforeEach(() => {
    local = mkdtempSync(join(tmpdir(), "net-d-"));
    mkdirSync(join(local, "net.d"));
  });

  afterEach(() => {
    rmSync(local, { recursive: true });
  });

  it("are joined in the order of their files' names, not in that of --net", () => {
    put("20-b.conf", "b");
    put("10-a.conf", "a");
    assert.deepEqual(
      chooseNetworks(parseNetworks("default,b:IP=10.0.0.1,a"), configured()).map((network) => [
        network.configuration.name,
        network.interfaceName,
        network.arguments,
      ]),
      [
        ["a", "eth0", ""],
        ["b", "eth1", "IP=10.0.0.1"],
        ["default", "eth2", ""],
      ],
    );
  });

  it("are all of them where all is asked", () => {
    put("10-a.conf", "a");
    assert.deepEqual(
      chooseNetworks(parseNetworks("all"), configured()).map(({ configuration }) => configuration.name),
      ["a", "default-restricted", "default"],
    );
  });

  it("are the administrator's before the engine's, and the first file's before the second's", () => {
    put("10-mine.conf", "default");
    put("20-late.conf", "default");
    const [network] = chooseNetworks(parseNetworks("default"), configured());
    assert.equal(network?.configuration.file, "10-mine.conf");
  });

  it("come from .conf and .conflist files alone", () => {
    writeFileSync(join(local, "net.d", "ptp"), "a plugin");
    assert.equal(configured().length, 2);
  });

  it("do not gain default-restricted by themselves", () => {
    put("10-a.conf", "a");
    assert.equal(chooseNetworks(parseNetworks("a"), configured()).length, 1);
  });

  it("are refused together where nobody has configured them", () => {
    assert.throws(
      () => chooseNetworks(parseNetworks("x,default,y"), configured()),
      (error: unknown) =>
        error instanceof Fault && error.details.what === "failed to setup network: networks not found: x, y",
    );
  });
});
