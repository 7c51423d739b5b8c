import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import { z } from "zod";
import { serveApi, type ApiService } from "../../../engine/api/serveApi.ts";
import type { EngineContext } from "../../../engine/context.ts";
import { insecureOptionsOf } from "../../../engine/insecureOptions.ts";
import { ownPod } from "../../../engine/pods/owner.ts";
import { inPod, podFolder, type PodStage } from "../../../engine/pods/podFolders.ts";
import type { DiskStore } from "../../../engine/store/DiskStore.ts";
import { importAci, scratchFolder, storeIn } from "../store/images.ts";
import { ApiClient } from "./apiClient.ts";

const running = "0b3c8cf5-2b54-4f4f-8c9d-000000000001";
const ended = "0b3c8cf5-2b54-4f4f-8c9d-000000000002";
const damaged = "0b3c8cf5-2b54-4f4f-8c9d-000000000003";

const apiPod = z.object({
  id: z.string(),
  pid: z.number(),
  state: z.string(),
  apps: z.array(
    z.object({
      name: z.string(),
      image: z.object({
        base_format: z.object({ type: z.string(), version: z.string() }),
        id: z.string(),
        name: z.string(),
        version: z.string(),
      }),
      state: z.string(),
      exit_code: z.number(),
      annotations: z.array(z.object({ Key: z.string(), value: z.string() })),
    }),
  ),
  networks: z.array(z.object({ name: z.string(), ipv4: z.string(), ipv6: z.string() })),
  manifest: z.string(),
  annotations: z.array(z.object({ Key: z.string(), value: z.string() })),
  cgroup: z.string(),
  created_at: z.string(),
  started_at: z.string(),
  gc_marked_at: z.string(),
});
const pods = z.object({ pods: z.array(apiPod) });
const pod = z.object({ pod: apiPod });
const apiImage = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  manifest: z.string(),
  size: z.string(),
  labels: z.array(z.object({ Key: z.string(), value: z.string() })),
});
const images = z.object({ images: z.array(apiImage) });
const image = z.object({ image: apiImage });

describe("the API service", () => {
  const folder = scratchFolder();
  let store: DiskStore;
  let service: ApiService;
  let client: ApiClient;
  let port: number;

  beforeEach(async () => {
    store = (await storeIn(folder())).store;
    const silent = (): void => undefined;
    const context: EngineContext = {
      folders: { data: folder(), system: "/usr/lib/rkt", local: "/etc/rkt", library: "/usr/lib/rkt" },
      configuration: { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1: {} },
      insecure: insecureOptionsOf(["image", "ondisk"]),
      trustKeysFromHttps: true,
      debug: false,
      report: { line: silent, warn: silent, debug: silent, progress: silent },
    };
    service = await serveApi({ context, store, engineVersion: "0.1.0+abc" }, [
      { host: "127.0.0.1", port: 0 },
    ]);
    const [address] = service.addresses;
    port = typeof address === "object" && address !== null ? address.port : 0;
    client = new ApiClient(port);
  });

  afterEach(() => {
    client.close();
    service.close();
  });

  function makePod(uuid: string, stage: PodStage, manifest: string): string {
    const place = podFolder(folder(), stage, uuid);
    mkdirSync(join(place, inPod.statuses), { recursive: true });
    writeFileSync(join(place, inPod.manifest), manifest);
    writeFileSync(join(place, inPod.created), "");
    return place;
  }

  function somePods(): void {
    const place = makePod(running, "run", manifestOf("web"));
    ownPod(place);
    writeFileSync(join(place, "pid"), String(process.pid));
    writeFileSync(join(place, "cgroup"), "/machine.slice/one.scope");
    writeFileSync(join(place, inPod.netInfo), JSON.stringify([{ netName: "default", ip: "172.16.28.2" }]));
    const gone = makePod(ended, "exited-garbage", manifestOf("job"));
    writeFileSync(join(gone, inPod.statuses, "job"), "3");
  }

  it("tells whose it is, and by which flags its clients call the same engine", async () => {
    const info = z.object({
      info: z.object({
        rkt_version: z.string(),
        appc_version: z.string(),
        api_version: z.string(),
        global_flags: z.record(z.string(), z.unknown()),
      }),
    });
    const { info: told } = await client.ask("GetInfo", {}, info);
    assert.match(told.rkt_version, /^1\.30\.0\+rktnetes\.0\.1\.0\.abc$/);
    assert.equal(told.api_version, "1.0.0-alpha");
    assert.match(told.appc_version, /^\d+\.\d+\.\d+$/);
    assert.deepEqual(told.global_flags, {
      dir: folder(),
      system_config_dir: "/usr/lib/rkt",
      local_config_dir: "/etc/rkt",
      user_config_dir: "",
      insecure_flags: "image,ondisk",
      trust_keys_from_https: true,
    });
  });

  it("lists pods with what is known of them, manifests only in detail", async () => {
    somePods();
    const { pods: listed } = await client.ask("ListPods", {}, pods);
    const [first, second] = listed.sort((one, other) => (one.id < other.id ? -1 : 1));
    assert.ok(first !== undefined && second !== undefined);
    const { created_at, started_at, ...facts } = first;
    assert.deepEqual(facts, {
      id: running,
      pid: process.pid,
      state: "POD_STATE_RUNNING",
      apps: [
        {
          name: "web",
          image: {
            base_format: { type: "IMAGE_TYPE_APPC", version: facts.apps[0]?.image.base_format.version },
            id: imageId,
            name: "example.com/web",
            version: "1.0",
          },
          state: "APP_STATE_RUNNING",
          exit_code: -1,
          annotations: [{ Key: "colour", value: "blue" }],
        },
      ],
      networks: [{ name: "default", ipv4: "172.16.28.2", ipv6: "" }],
      manifest: "",
      annotations: [{ Key: "owner", value: "team" }],
      cgroup: "/machine.slice/one.scope",
      gc_marked_at: "0",
    });
    for (const time of [created_at, started_at]) {
      assert.ok(Math.abs(Number(BigInt(time) / 1_000_000n) - Date.now()) < 60_000, time);
    }
    assert.equal(second.state, "POD_STATE_GARBAGE");
    assert.equal(second.pid, -1);
    assert.deepEqual([second.apps[0]?.state, second.apps[0]?.exit_code], ["APP_STATE_EXITED", 3]);
    assert.notEqual(second.gc_marked_at, "0");
    const { pods: detailed } = await client.ask(
      "ListPods",
      { detail: true, filters: [{ ids: [ended] }] },
      pods,
    );
    assert.deepEqual(
      detailed.map((each) => Buffer.from(each.manifest, "base64").toString()),
      [manifestOf("job")],
    );
  });

  it("lists the pods that any of the filters lets through", async () => {
    somePods();
    const idsOf = async (...filters: readonly object[]): Promise<readonly string[]> =>
      (await client.ask("ListPods", { filters }, pods)).pods.map(({ id }) => id).sort();
    assert.deepEqual(await idsOf({ states: ["POD_STATE_RUNNING", "POD_STATE_PREPARED"] }), [running]);
    assert.deepEqual(await idsOf({ app_names: ["job"] }, { cgroups: ["/machine.slice/one.scope"] }), [
      running,
      ended,
    ]);
    assert.deepEqual(await idsOf({ annotations: [{ Key: "owner", value: "nobody" }] }), []);
  });

  it("shows one pod by its uuid, and says which it does not know", async () => {
    somePods();
    assert.equal((await client.ask("InspectPod", { id: running }, pod)).pod.state, "POD_STATE_RUNNING");
    await refused(client.ask("InspectPod", { id: damaged }, pod), grpc.status.NOT_FOUND, /no pod/);
    await refused(client.ask("InspectPod", { id: "0b3c" }, pod), grpc.status.INVALID_ARGUMENT, /no uuid/);
  });

  it("tells a pod with a damaged manifest without its apps, and the others whole", async () => {
    somePods();
    makePod(damaged, "run", "{");
    const { pods: listed } = await client.ask("ListPods", {}, pods);
    const found = listed.find(({ id }) => id === damaged);
    assert.deepEqual([found?.state, found?.apps], ["POD_STATE_EXITED", []]);
    assert.equal(listed.length, 3);
  });

  it("lists and shows images", async () => {
    const { record } = await importAci(store, [], { name: "example.com/team/web", version: "2.1" });
    await importAci(store, [], { name: "example.com/other" });
    const filters = [{ prefixes: ["example.com/team"] }];
    const { images: listed } = await client.ask("ListImages", { filters }, images);
    assert.deepEqual(listed, [
      {
        id: record.id,
        name: "example.com/team/web",
        version: "2.1",
        manifest: "",
        size: String(record.size),
        labels: [{ Key: "version", value: "2.1" }],
      },
    ]);
    const shown = (await client.ask("InspectImage", { id: record.id }, image)).image;
    assert.match(Buffer.from(shown.manifest, "base64").toString(), /"acKind":"ImageManifest"/);
    await refused(
      client.ask("InspectImage", { id: `sha512-${"0".repeat(64)}` }, image),
      grpc.status.NOT_FOUND,
      /./,
    );
  });

  it("says why there are no logs of a pod that no service started", async () => {
    somePods();
    const read = async (request: object): Promise<void> => {
      for await (const lines of client.lines(request)) assert.fail(lines.join());
    };
    await refused(read({ pod_id: running }), grpc.status.UNIMPLEMENTED, /not started by a service/);
    await refused(read({ pod_id: running, app_name: "db" }), grpc.status.NOT_FOUND, /no app "db"/);
    await refused(read({ pod_id: damaged }), grpc.status.NOT_FOUND, /no pod/);
  });

  it("says that there are no events", async () => {
    await refused(client.ask("ListenEvents", {}, z.unknown()), grpc.status.UNIMPLEMENTED, /events/);
  });

  it("refuses what is no message, and what is too large, and goes on", async () => {
    await refused(
      client.send("ListPods", Buffer.from("0aff", "hex")),
      grpc.status.INVALID_ARGUMENT,
      /cut off/,
    );
    await refused(client.send("ListPods", Buffer.alloc(2 << 20)), grpc.status.RESOURCE_EXHAUSTED, /./);
    assert.deepEqual((await client.ask("ListPods", {}, pods)).pods, []);
  });

  it("outlives clients that speak nothing known, or break off", async () => {
    for (const noise of [
      "GET / HTTP/1.1\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense and more of it",
      "",
    ]) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(noise);
      if (noise === "") socket.resetAndDestroy();
      else socket.end();
      socket.resume();
      await once(socket, "close");
    }
    assert.deepEqual((await client.ask("ListPods", {}, pods)).pods, []);
  });
});

const imageId = `sha512-${"a".repeat(64)}`;

function manifestOf(app: string): string {
  return JSON.stringify({
    acVersion: "0.8.11",
    acKind: "PodManifest",
    apps: [
      {
        name: app,
        image: {
          name: `example.com/${app}`,
          id: imageId,
          labels: [{ name: "version", value: "1.0" }],
        },
        app: { exec: ["/bin/true"], user: "0", group: "0" },
        annotations: [{ name: "colour", value: "blue" }],
      },
    ],
    volumes: [],
    isolators: [],
    annotations: [{ name: "owner", value: "team" }],
    ports: [],
  });
}

async function refused(asking: Promise<unknown>, code: grpc.status, details: RegExp): Promise<void> {
  await assert.rejects(asking, (error) => {
    assert.ok(error instanceof Error && "code" in error && "details" in error, String(error));
    assert.equal(error.code, code, String(error.details));
    assert.match(String(error.details), details);
    return true;
  });
}
