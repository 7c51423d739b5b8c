import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import * as messages from "../../../engine/cri/api/images.ts";
import type { CriConfiguration } from "../../../engine/cri/configuration.ts";
import { serveCri, type CriServer } from "../../../engine/cri/serveCri.ts";
import type { DiskStore } from "../../../engine/store/DiskStore.ts";
import { removeTreesOf } from "../../../engine/store/gcStore.ts";
import { openStore } from "../../../engine/store/openStore.ts";
import { Bench } from "../images/bench.ts";
import { FakeRegistry, type PushedImage } from "../images/registry/fakeRegistry.ts";
import { CriClient } from "./criClient.ts";

const types = {
  list: { request: messages.listImagesRequest, reply: messages.listImagesResponse },
  status: { request: messages.imageStatusRequest, reply: messages.imageStatusResponse },
  pull: { request: messages.pullImageRequest, reply: messages.pullImageResponse },
  remove: { request: messages.removeImageRequest, reply: messages.removeImageResponse },
  usage: { request: messages.imageFsInfoRequest, reply: messages.imageFsInfoResponse },
};

describe("images for the kubelet", () => {
  let bench: Bench;
  let registry: FakeRegistry;
  let server: CriServer;
  let client: CriClient;
  let socket: string;
  let store: DiskStore;
  const treesInUse = new Set<string>();

  beforeEach(async () => {
    bench = await Bench.set();
    registry = await FakeRegistry.start();
    socket = join(bench.folder, "cri.sock");
    await serve();
  });

  afterEach(async () => {
    client.close();
    await server.close();
    await registry.server.stop();
    bench.clear();
  });

  async function serve(settings: Partial<CriConfiguration> = {}): Promise<void> {
    const configuration: CriConfiguration = {
      listen: socket,
      mirrors: [{ prefix: "*", location: registry.server.host, insecure: true }],
      pinnedImages: [],
      ...settings,
    };
    const { context, trust } = bench;
    store = await openStore(context);
    const parts = {
      context,
      store,
      trust,
      configuration,
      engineVersion: "0",
      removeTreesOf: (image: string) => removeTreesOf(store, image, () => treesInUse),
    };
    server = await serveCri(parts, [{ path: socket }]);
    client = new CriClient(socket);
  }

  /** An image under that name, signed. */
  function push(name: string, contents?: readonly string[]): PushedImage {
    const pushed = registry.push(name, contents);
    bench.signedDigests.add(pushed.digest);
    return pushed;
  }

  const pull = async (name: string, options: grpc.CallOptions = {}): Promise<string> => {
    const request = { image: { image: name } };
    const { imageRef } = await client.call("ImageService/PullImage", types.pull, request, options);
    return imageRef;
  };
  const status = async (name: string) =>
    (await client.call("ImageService/ImageStatus", types.status, { image: { image: name } })).image;
  const list = async () => (await client.call("ImageService/ListImages", types.list, {})).images;
  const remove = (name: string) =>
    client.call("ImageService/RemoveImage", types.remove, { image: { image: name } });

  it("are known by every name after they were pulled", async () => {
    const { digest } = push("team/app:1");
    const id = await pull("registry.example/team/app:1");
    assert.equal(id, digest);
    const found = await status("registry.example/team/app:1");
    assert.deepEqual(found?.repoTags, ["registry.example/team/app:1"]);
    assert.deepEqual(found.repoDigests, [`registry.example/team/app@${digest}`]);
    for (const name of [
      id,
      id.slice("sha256:".length),
      id.slice("sha256:".length, 20),
      found.repoDigests[0] ?? "",
    ]) {
      assert.deepEqual(await status(name), found, name);
    }
  });

  it("have the tag latest where none is named", async () => {
    push("team/app:latest");
    await pull("registry.example/team/app");
    assert.deepEqual((await status("registry.example/team/app"))?.repoTags, [
      "registry.example/team/app:latest",
    ]);
  });

  it("have no tag when they were pulled by their digest", async () => {
    const { digest } = push("team/app:1");
    await pull(`registry.example/team/app@${digest}`);
    assert.deepEqual((await status(digest))?.repoTags, []);
  });

  it("are one image under all their names, from whichever registry", async () => {
    push("app:1");
    const ids = [await pull("one.example/app:1"), await pull("two.example/app:1")];
    assert.equal(ids[0], ids[1]);
    assert.deepEqual(
      (await list()).map(({ repoTags }) => repoTags),
      [["one.example/app:1", "two.example/app:1"]],
    );
    await remove("one.example/app:1");
    assert.deepEqual(await list(), []);
  });

  it("are nobody's who signed them not, and the kubelet is told so in its word", async () => {
    registry.push("team/app:1");
    await assert.rejects(pull("registry.example/team/app:1"), (error: grpc.ServiceError) => {
      assert.match(error.details, /^SignatureValidationFailed: nobody signed registry\.example\/team\/app/);
      return true;
    });
    assert.deepEqual(await list(), []);
  });

  it("are pulled once for all who want one at once", async () => {
    push("app:1", ["x".repeat(10_000)]);
    const ids = await Promise.all(Array.from({ length: 5 }, () => pull("registry.example/app:1")));
    assert.equal(new Set(ids).size, 1);
    assert.equal(registry.server.paths.filter((path) => path.endsWith("/manifests/1")).length, 1);
  });

  it("come when the first who wanted one gives up, and another still waits", async () => {
    push("app:1");
    const held = Promise.withResolvers<undefined>();
    registry.answerInstead("/manifests/1", (_request, response) => {
      void held.promise.then(() => response.writeHead(503).end());
    });
    const impatient = assert.rejects(
      pull("registry.example/app:1", { deadline: Date.now() + 150 }),
      /DEADLINE/,
    );
    const patient = pull("registry.example/app:1");
    await impatient;
    held.resolve(undefined);
    assert.ok(await patient);
  });

  it("are asked for with the kubelet's credentials, for their registry alone", async () => {
    registry.basic = { user: "u", password: "p" };
    push("app:1");
    const host = registry.server.host;
    const request = (serverAddress: string) => ({
      image: { image: `${host}/app:1` },
      auth: { username: "u", password: "p", serverAddress },
    });
    await assert.rejects(
      client.call("ImageService/PullImage", types.pull, request("other.example")),
      /credentials/,
    );
    assert.ok((await client.call("ImageService/PullImage", types.pull, request(host))).imageRef);
  });

  it("are not there when they are not there", async () => {
    assert.equal(await status("registry.example/nothing:1"), undefined);
    await remove("registry.example/nothing:1");
    await remove("fake-image-id");
  });

  it("go once, however many ask for it at once", async () => {
    push("app:1");
    const id = await pull("registry.example/app:1");
    await Promise.all(Array.from({ length: 5 }, () => remove(id)));
    assert.equal(await status(id), undefined);
  });

  it("leave nothing unpacked behind but what pods have", async () => {
    push("app:1", ["one"]);
    push("app:2", ["two"]);
    await pull("registry.example/app:1");
    await pull("registry.example/app:2");
    const trees = () => readdirSync(store.folders.trees);
    const [kept = ""] = trees();
    treesInUse.add(kept);
    await remove("registry.example/app:1");
    await remove("registry.example/app:2");
    assert.deepEqual(trees(), [kept]);
    treesInUse.clear();
  });

  it("are pinned where the configuration says so", async () => {
    push("app:1");
    client.close();
    await server.close();
    await serve({ pinnedImages: ["registry.example/app:1"] });
    await pull("registry.example/app:1");
    assert.equal((await status("registry.example/app:1"))?.pinned, true);
  });

  it("take up what the store's folder takes up", async () => {
    push("app:1");
    await pull("registry.example/app:1");
    const { imageFilesystems } = await client.call("ImageService/ImageFsInfo", types.usage, {});
    const [filesystem] = imageFilesystems;
    assert.equal(filesystem?.fsId?.mountpoint, bench.store.folder);
    assert.ok((filesystem.usedBytes?.value ?? 0n) > 0n && (filesystem.inodesUsed?.value ?? 0n) > 5n);
    assert.ok(filesystem.timestamp > 1_700_000_000_000_000_000n);
  });

  it("are refused where a request names none, or what can be none", async () => {
    for (const name of ["", "registry.example/UPPER", "a b"]) {
      await assert.rejects(pull(name), (error: grpc.ServiceError) => {
        assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
        return true;
      });
    }
  });

  it("are served to no request that is none", async () => {
    const broken = {
      request: { encode: () => Buffer.from([0x0f]), decode: () => ({}) },
      reply: types.pull.reply,
    };
    await assert.rejects(client.call("ImageService/PullImage", broken, {}), (error: grpc.ServiceError) => {
      assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
      return true;
    });
  });
});
