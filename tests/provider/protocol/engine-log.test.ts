import assert from "node:assert/strict";
import { EngineLog } from "../../../provider/protocol/engine-log.ts";
import { Loopback } from "./toy.ts";

describe("the engine's log", () => {
  const loopback = new Loopback();
  afterEach(() => {
    loopback.close();
    loopback.said.length = 0;
  });

  it("gets every line of a resource in the order it was said, passing ones marked", async () => {
    const log = new EngineLog(await loopback.engine());
    const lines = log.forResource("urn:a");
    lines.progress("one");
    lines.info("two");
    lines.warning("three");
    await log.flushed();
    assert.deepEqual(
      loopback.said.map(({ message, urn, ephemeral, severity }) => ({ message, urn, ephemeral, severity })),
      [
        { message: "one", urn: "urn:a", ephemeral: true, severity: 1 },
        { message: "two", urn: "urn:a", ephemeral: false, severity: 1 },
        { message: "three", urn: "urn:a", ephemeral: false, severity: 2 },
      ],
    );
  });

  it("is reached directly, whatever proxy the environment names", async () => {
    const before = process.env["http_proxy"];
    process.env["http_proxy"] = "http://127.0.0.1:1";
    try {
      const log = new EngineLog(await loopback.engine());
      log.forResource("urn:a").info("one");
      await log.flushed();
    } finally {
      if (before === undefined) delete process.env["http_proxy"];
      else process.env["http_proxy"] = before;
    }
    assert.deepEqual(
      loopback.said.map(({ message }) => message),
      ["one"],
    );
  });

  it("that is gone delays nobody: the lines are flushed all the same", async () => {
    const address = await loopback.engine();
    const log = new EngineLog(address);
    loopback.close();
    const written: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (text: string | Uint8Array): boolean => {
      written.push(String(text));
      return true;
    };
    try {
      log.forResource("urn:a").info("to nobody");
      await log.flushed();
    } finally {
      process.stderr.write = write;
    }
    assert.deepEqual(written, ["to nobody\n"]);
  });
});
