import assert from "node:assert/strict";
import { apartWords, networkWords } from "../../../stage1/starting/apart.ts";

describe("going apart from the host", () => {
  it("joins the network that was made, makes one that has nothing, or stays in the host's", () => {
    assert.deepEqual(networkWords({ kind: "own", path: "/run/netns/x", attached: [] }), [
      "--net",
      "/run/netns/x",
    ]);
    assert.deepEqual(networkWords({ kind: "none" }), ["--alone"]);
    assert.deepEqual(networkWords({ kind: "host" }), []);
  });

  it("takes no word of the command for one of its own", () => {
    const words = apartWords({ network: { kind: "host" }, privateIpc: true, slave: "/", mounts: "/t" }, [
      "--ipc",
    ]);
    assert.deepEqual(words, ["--ipc", "--slave", "/", "--mounts", "/t", "--", "--ipc"]);
  });
});
