import assert from "node:assert/strict";
import { builtInNetworks } from "../../../engine/network/builtInNetworks.ts";
import { parseNetworkConfiguration, pluginInput } from "../../../engine/network/networkConfiguration.ts";

const range = '"ipam":{"type":"host-local","subnet":"10.1.0.0/16"}';

describe("a network's configuration", () => {
  it("is one plugin in a .conf file", () => {
    const network = parseNetworkConfiguration("/n/10-a.conf", `{"name":"a","type":"bridge",${range}}`);
    assert.equal(network.file, "10-a.conf");
    assert.equal(network.cniVersion, "0.1.0");
    assert.deepEqual(network.plugins, [
      {
        type: "bridge",
        fields: { type: "bridge", ipam: { type: "host-local", subnet: "10.1.0.0/16" } },
        forwardsPorts: false,
      },
    ]);
  });

  it("is a list of plugins in a .conflist file", () => {
    const network = parseNetworkConfiguration(
      "/n/a.conflist",
      '{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"ptp"},{"type":"portmap","capabilities":{"portMappings":true}}]}',
    );
    assert.deepEqual(
      network.plugins.map(({ type, forwardsPorts }) => [type, forwardsPorts]),
      [
        ["ptp", false],
        ["portmap", true],
      ],
    );
  });

  it("relieves a plugin of masquerading where its ranges are known", () => {
    const network = parseNetworkConfiguration("a.conf", `{"name":"a","type":"ptp","ipMasq":true,${range}}`);
    assert.deepEqual(network.masquerades, ["10.1.0.0/16"]);
    assert.equal(network.plugins[0]?.fields.ipMasq, false);
  });

  it("finds the ranges of a host-local that has several", () => {
    const ranges = '[[{"subnet":"10.1.0.0/16"}],[{"subnet":"fd00::/64"}]]';
    const network = parseNetworkConfiguration(
      "a.conf",
      `{"name":"a","type":"ptp","ipMasq":true,"ipam":{"type":"host-local","ranges":${ranges}}}`,
    );
    assert.deepEqual(network.masquerades, ["10.1.0.0/16", "fd00::/64"]);
  });

  for (const [what, text] of [
    ["other plugins", `{"name":"a","type":"own","ipMasq":true,${range}}`],
    ["other ways to an address", '{"name":"a","type":"ptp","ipMasq":true,"ipam":{"type":"dhcp"}}'],
  ] as const) {
    it(`leaves masquerading to ${what}`, () => {
      const network = parseNetworkConfiguration("a.conf", text);
      assert.deepEqual(network.masquerades, []);
      assert.equal(network.plugins[0]?.fields.ipMasq, true);
    });
  }

  it("is told to a plugin with the network's name and version, and what was done before", () => {
    const network = parseNetworkConfiguration(
      "a.conflist",
      '{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"ptp"}]}',
    );
    const [plugin] = network.plugins;
    assert.ok(plugin);
    assert.deepEqual(JSON.parse(pluginInput(network, plugin, { prevResult: { ips: [] } })), {
      cniVersion: "1.0.0",
      name: "a",
      type: "ptp",
      prevResult: { ips: [] },
    });
  });

  for (const [text, complaint] of [
    ["{", /error loading \/n\/a\.conf: /],
    ["[]", /it is no JSON object/],
    ['{"type":"ptp"}', /it has no name/],
    ['{"name":"../a","type":"ptp"}', /is no name for a network/],
    ['{"name":"a"}', /has no type/],
    ['{"name":"a","type":"../../bin/sh"}', /has no type/],
  ] as const) {
    it(`is not ${text}`, () => {
      assert.throws(() => parseNetworkConfiguration("/n/a.conf", text), complaint);
    });
  }

  it("is there without a file for default and default-restricted", () => {
    assert.deepEqual(
      builtInNetworks().map(({ name, file, masquerades }) => [name, file, masquerades]),
      [
        ["default-restricted", "99-default-restricted.conf", []],
        ["default", "99-default.conf", ["172.16.28.0/24"]],
      ],
    );
  });
});
