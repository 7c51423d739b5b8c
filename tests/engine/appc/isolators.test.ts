import assert from "node:assert/strict";
import {
  capabilitySet,
  cpuLimit,
  isolatorMistake,
  isolatorSetMistake,
  memoryLimit,
  seccompSet,
} from "../../../engine/appc/isolators.ts";

describe("isolators", () => {
  it("give limits in bytes and in thousandths of a processor, the last one winning", () => {
    const isolators = [
      { name: "resource/memory", value: { limit: "1Gi" } },
      { name: "resource/memory", value: { limit: "64M" } },
      { name: "resource/cpu", value: { limit: "500m" } },
    ];
    assert.equal(memoryLimit(isolators), 64_000_000n);
    assert.equal(cpuLimit(isolators), 500n);
    assert.equal(cpuLimit([]), undefined);
  });

  it("tell capabilities and system calls", () => {
    const isolators = [
      { name: "os/linux/capabilities-remove-set", value: { set: ["CAP_KILL"] } },
      { name: "os/linux/seccomp-remove-set", value: { set: ["chmod"], errno: "EPERM" } },
    ];
    assert.deepEqual(capabilitySet(isolators, "remove"), ["CAP_KILL"]);
    assert.equal(capabilitySet(isolators, "retain"), undefined);
    assert.deepEqual(seccompSet(isolators), { mode: "remove", set: ["chmod"], errno: "EPERM" });
  });

  it("are refused with appc's words", () => {
    const refused: readonly [string, unknown, RegExp][] = [
      ["resource/cpu", { limit: "1", default: true }, /default must be false/],
      ["resource/block-iops", { limit: "1" }, /default must be true/],
      ["os/linux/capabilities-retain-set", { set: [] }, /set must be non-empty/],
      ["os/linux/seccomp-retain-set", { set: ["a"], errno: "PERM" }, /must start with an 'E'/],
      ["os/linux/oom-score-adj", 2000, /must be between -1000 and 1000, got 2000/],
      ["os/linux/cpu-shares", 1, /must be between 2 and 262144, got 1/],
      ["os/unheard-of", {}, /invalid isolator/],
    ];
    for (const [name, value, words] of refused) assert.match(isolatorMistake({ name, value }) ?? "", words);
  });

  it("exclude retaining and removing system calls at once", () => {
    assert.equal(
      isolatorSetMistake([
        { name: "os/linux/seccomp-retain-set", value: { set: ["a"] } },
        { name: "os/linux/seccomp-remove-set", value: { set: ["a"] } },
      ]),
      "isolators set contains incompatible types",
    );
  });
});
