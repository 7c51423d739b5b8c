import assert from "node:assert/strict";
import { inheritedSockets } from "../../../engine/services/inheritedSockets.ts";
import { nameOf, placeOf } from "../../../engine/services/listen.ts";
import { Fault } from "../../../errors/fault.ts";

describe("where a service listens", () => {
  it("is read from an address as people write it", () => {
    assert.deepEqual(placeOf("localhost:15441"), { host: "localhost", port: 15441 });
    assert.deepEqual(placeOf("0.0.0.0:1"), { host: "0.0.0.0", port: 1 });
    assert.deepEqual(placeOf(":15441"), { port: 15441 });
    assert.deepEqual(placeOf("[::1]:15441"), { host: "::1", port: 15441 });
    assert.equal(nameOf(placeOf("[::1]:15441")), "[::1]:15441");
  });

  for (const wrong of ["", "localhost", "::1:15441", "localhost:", "localhost:65536", "[x]:1", "a b:x"]) {
    it(`is not ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => placeOf(wrong), Fault);
    });
  }
});

describe("sockets of systemd's", () => {
  it("are for the process that they were handed to", () => {
    assert.deepEqual(inheritedSockets({ LISTEN_PID: "7", LISTEN_FDS: "2" }, 7), [3, 4]);
    assert.deepEqual(inheritedSockets({ LISTEN_PID: "8", LISTEN_FDS: "2" }, 7), []);
    assert.deepEqual(inheritedSockets({}, 7), []);
  });

  it("are refused where nobody can tell how many there are", () => {
    assert.throws(() => inheritedSockets({ LISTEN_PID: "7", LISTEN_FDS: "many" }, 7), Fault);
  });
});
