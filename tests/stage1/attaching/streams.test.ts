import assert from "node:assert/strict";
import {
  attachableStreams,
  refuseStreams,
  streamLetters,
  streamsOf,
} from "../../../stage1/attaching/streams.ts";
import type { RuntimeApp } from "../../../engine/appc/podManifest.ts";

function appWith(modes: Readonly<Record<string, string>>): RuntimeApp {
  return {
    name: "web",
    image: { id: "sha512-0", labels: [] },
    readOnlyRootFS: false,
    mounts: [],
    annotations: Object.entries(modes).map(([stream, value]) => ({
      name: `coreos.com/rkt/stage2/${stream}`,
      value,
    })),
  };
}

const streams = (modes: Readonly<Record<string, string>>): ReturnType<typeof streamsOf> =>
  streamsOf(appWith(modes));

describe("the streams of an app", () => {
  it("are no input and the pod's output where nobody says anything, and need no multiplexer", () => {
    assert.deepEqual(streams({}), { stdin: "null", stdout: "log", stderr: "log" });
    assert.equal(streamLetters(streams({})), undefined);
    assert.deepEqual(attachableStreams(streams({})), []);
  });

  it("can each be attached to by itself", () => {
    const some = streams({ stdin: "stream", stdout: "stream" });
    assert.deepEqual(attachableStreams(some), ["stdin", "stdout"]);
    assert.equal(streamLetters(some), "ppi");
    assert.equal(streamLetters(streams({ stderr: "stream" })), "nip");
    assert.equal(streamLetters(streams({ stdout: "null" })), "nni");
  });

  it("are one terminal together, with input or without", () => {
    const all = streams({ stdin: "tty", stdout: "tty", stderr: "tty" });
    assert.deepEqual(attachableStreams(all), ["tty-in", "tty-out"]);
    assert.equal(streamLetters(all), "ttt");
    assert.deepEqual(attachableStreams(streams({ stdout: "tty", stderr: "tty" })), ["tty-out"]);
  });

  it("cannot be half a terminal", () => {
    assert.throws(() => streams({ stdin: "tty" }), /a terminal is one for all/);
    assert.throws(() => streams({ stdin: "stream", stdout: "tty", stderr: "tty" }), /a terminal is one/);
  });

  it("are the caller's terminal where the app is interactive", () => {
    assert.equal(streamLetters(streams({ stdin: "interactive" })), undefined);
    assert.throws(() => streams({ stdin: "interactive", stdout: "stream" }), /leave --stdout/);
  });

  it("have no modes but rkt's", () => {
    assert.throws(() => streams({ stdin: "log" }), /unknown mode of its stdin[^]*got:\s+log/);
  });

  it("are refused by a flavour that cannot keep them", () => {
    refuseStreams("fly", [appWith({ stdin: "null", stdout: "log" })]);
    assert.throws(() => {
      refuseStreams("fly", [appWith({ stdout: "stream" })]);
    }, /the fly flavour cannot give app "web"/);
  });
});
