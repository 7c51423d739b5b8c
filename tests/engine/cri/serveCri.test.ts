import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import * as messages from "../../../engine/cri/api/runtime.ts";
import * as sandboxes from "../../../engine/cri/api/sandboxes.ts";
import { parseCriConfiguration } from "../../../engine/cri/configuration.ts";
import { serveCri, type CriServer } from "../../../engine/cri/serveCri.ts";
import { Bench } from "../images/bench.ts";
import { CriClient } from "./criClient.ts";

describe("the CRI server", () => {
  let bench: Bench;
  let socket: string;
  const open: { close(): unknown }[] = [];

  beforeEach(async () => {
    bench = await Bench.set();
    socket = join(bench.folder, "run", "cri.sock");
  });

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
    bench.clear();
  });

  async function serve(): Promise<CriServer> {
    const { context, store, trust } = bench;
    const configuration = { listen: socket, mirrors: [], pinnedImages: [] };
    const parts = {
      context,
      store,
      trust,
      configuration,
      engineVersion: "1.2.3",
      removeTreesOf: () => Promise.resolve(),
    };
    const server = await serveCri(parts, [{ path: socket }]);
    open.push(server);
    return server;
  }

  function connect(): CriClient {
    const client = new CriClient(socket);
    open.push(client);
    return client;
  }

  const version = { request: messages.versionRequest, reply: messages.versionResponse };

  it("gives the version that kubelets compare", async () => {
    await serve();
    assert.deepEqual(await connect().call("RuntimeService/Version", version, { version: "0.1.0" }), {
      version: "0.1.0",
      runtimeName: "rkt",
      runtimeVersion: "1.2.3",
      runtimeApiVersion: "v1",
    });
  });

  it("lets systemd make the pods' cgroups", async () => {
    await serve();
    const types = { request: messages.runtimeConfigRequest, reply: messages.runtimeConfigResponse };
    const { linux } = await connect().call("RuntimeService/RuntimeConfig", types, {});
    assert.equal(linux?.cgroupDriver, "SYSTEMD");
  });

  it("says that it is not ready while it cannot run pods", async () => {
    await serve();
    const types = { request: messages.statusRequest, reply: messages.statusResponse };
    const { status } = await connect().call("RuntimeService/Status", types, {});
    assert.deepEqual(
      status?.conditions.map(({ type, status: holds }) => [type, holds]),
      [
        ["RuntimeReady", false],
        ["NetworkReady", true],
      ],
    );
  });

  it("says of a call that is not written yet that it is not", async () => {
    await serve();
    const types = { request: sandboxes.runPodSandboxRequest, reply: sandboxes.runPodSandboxResponse };
    await assert.rejects(
      connect().call("RuntimeService/RunPodSandbox", types, {}),
      (error: grpc.ServiceError) => {
        assert.equal(error.code, grpc.status.UNIMPLEMENTED);
        return true;
      },
    );
  });

  it("lets nobody but root talk to it", async () => {
    await serve();
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  });

  it("takes the place of a server that was killed", async () => {
    mkdirSync(join(bench.folder, "run"));
    const killed = createServer();
    await new Promise<void>((resolve) => killed.listen(socket, resolve));
    // What is left of a killed server is a socket at which nobody listens.
    const { linkSync, renameSync } = await import("node:fs");
    linkSync(socket, `${socket}.left`);
    await new Promise((resolve) => killed.close(resolve));
    renameSync(`${socket}.left`, socket);
    await serve();
    assert.ok(await connect().call("RuntimeService/Version", version, {}));
  });

  it("ends, however many clients are connected", async () => {
    const server = await serve();
    const client = connect();
    await client.call("RuntimeService/Version", version, {});
    await server.close();
    assert.throws(() => statSync(socket), /ENOENT/);
  });

  it("leaves a server that lives alone", async () => {
    await serve();
    await assert.rejects(serve(), /another server listens there/);
  });

  it("removes nothing that is no socket", async () => {
    mkdirSync(join(bench.folder, "run"));
    writeFileSync(socket, "precious");
    await assert.rejects(serve(), /no socket/);
  });
});

describe("the CRI server's configuration", () => {
  const head = { rktKind: "cri", rktVersion: "v1" };
  const parse = (fields: object) => parseCriConfiguration(JSON.stringify({ ...head, ...fields }), "cri.json");

  it("has a default for everything", () => {
    assert.deepEqual(parse({}), { ...head, listen: "/run/rkt/cri.sock", mirrors: [], pinnedImages: [] });
  });

  it("tells all mistakes at once", () => {
    assert.throws(
      () => parse({ listen: "cri.sock", mirrors: [{ prefix: "", insecure: 1 }], unknown: true }),
      (error: Error) => {
        for (const path of [
          "listen",
          "mirrors[0].prefix",
          "mirrors[0].location",
          "mirrors[0].insecure",
          "unknown",
        ]) {
          assert.ok(error.message.includes(`- ${path}\n`), `${path} in ${error.message}`);
        }
        return true;
      },
    );
  });

  it("is refused when it is no JSON", () => {
    assert.throws(() => parseCriConfiguration("{", "cri.json"), /cri\.json: the file is no JSON/);
  });
});
