import assert from "node:assert/strict";
import { readArguments, runArguments } from "../../../stage1/interface/runArguments.ts";

const uuid = "6e5b7e5c-8a3c-4b5d-9d8e-0f1a2b3c4d5e";

describe("the arguments of a stage1's entry points", () => {
  it("are read in the first version of the interface", () => {
    const read = runArguments(["--debug", "--net=none", "--interactive", "--mds-token=abc", uuid]);
    assert.equal(read.uuid, uuid);
    assert.equal(read.net, "none");
    assert.equal(read.hostname, `rkt-${uuid}`);
    assert.deepEqual([read.debug, read.interactive, read.mutable], [true, true, false]);
    assert.deepEqual([read.ipc, read.resolvConf, read.hosts], ["auto", "default", "default"]);
  });

  it("are read in the sixth version", () => {
    const read = runArguments([
      ...["--net=", "--hostname=called", "--disable-seccomp", "--dns-conf-mode=resolv=stage0,hosts=host"],
      ...["--private-users=100000:65536", "--ipc=parent", uuid],
    ]);
    assert.equal(read.hostname, "called");
    assert.equal(read.withoutSeccomp, true);
    assert.equal(read.withoutPaths, false);
    assert.deepEqual([read.ipc, read.resolvConf, read.hosts], ["parent", "stage0", "host"]);
    assert.deepEqual(read.userNamespace, { first: 100_000, count: 65_536 });
  });

  it("take a value as a word of its own, and stop at a double dash", () => {
    const read = readArguments(["--pid", "7", "--appname=web", "--", "--net", "x"]);
    assert.deepEqual(
      [...read.options],
      [
        ["pid", "7"],
        ["appname", "web"],
      ],
    );
    assert.deepEqual(read.words, ["--net", "x"]);
  });

  it("need a UUID", () => {
    assert.throws(() => runArguments(["--net=none"]), /UUID is missing or malformed/);
  });

  it("say what an unknown mode may be", () => {
    assert.throws(() => runArguments(["--ipc=shared", uuid]), /auto, private, parent/);
  });
});
