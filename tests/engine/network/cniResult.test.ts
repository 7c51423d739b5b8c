import assert from "node:assert/strict";
import { mainAddress, parseResult, pluginComplaint } from "../../../engine/network/cniResult.ts";

describe("what a CNI plugin says", () => {
  it("is understood in the words of 0.1.0", () => {
    const result = parseResult(
      "a",
      '{"cniVersion":"0.1.0","ip4":{"ip":"10.1.0.2/16","gateway":"10.1.0.1"},"dns":{"nameservers":["10.1.0.53"]}}',
    );
    assert.deepEqual(result?.addresses, [{ address: "10.1.0.2", prefix: 16, gateway: "10.1.0.1" }]);
    assert.deepEqual(result.dns, { nameservers: ["10.1.0.53"], search: [], options: [] });
    assert.deepEqual(mainAddress(result), { ip: "10.1.0.2", mask: "255.255.0.0" });
  });

  it("is understood in the words of 1.0.0", () => {
    const result = parseResult(
      "a",
      '{"cniVersion":"1.0.0","ips":[{"address":"fd00::2/64"},{"address":"10.1.0.2/25","gateway":"10.1.0.1"}],"dns":{}}',
    );
    assert.deepEqual(mainAddress(result), { ip: "10.1.0.2", mask: "255.255.255.128" });
  });

  it("may be nothing", () => {
    assert.equal(parseResult("a", "\n"), undefined);
    assert.deepEqual(mainAddress(undefined), { ip: "", mask: "" });
  });

  it("must be JSON", () => {
    assert.throws(() => parseResult("a", "all is well"), /error parsing "a" result/);
  });

  it("is its message when it fails", () => {
    assert.equal(
      pluginComplaint('{"code":11,"msg":"no room","details":"none at all"}', ""),
      "no room; none at all",
    );
    assert.equal(pluginComplaint('{"code":11,"msg":"no room"}', ""), "no room");
    assert.equal(
      pluginComplaint("", "panic"),
      'netplugin failed but error parsing its diagnostic message "panic"',
    );
  });
});
