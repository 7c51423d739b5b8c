import assert from "node:assert/strict";
import grpc from "@grpc/grpc-js";
import type providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { Fault } from "../../../errors/fault.ts";
import {
  PartialFailure,
  type OperationContext,
  type Provider,
  type ResourceKind,
} from "../../../provider/protocol/resource.ts";
import { Secret, UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";
import { decodeProperties, encodeProperties } from "../../../provider/protocol/wire.ts";
import { BOX_URN, boxKind, Loopback, reply, toyProvider } from "./toy.ts";

type Client = providerGrpc.ResourceProviderClient;

describe("the provider's service, over gRPC", () => {
  const loopback = new Loopback();
  afterEach(() => {
    loopback.close();
    loopback.said.length = 0;
  });

  const clientOf = (kind: Partial<ResourceKind> = {}, provider: Partial<Provider> = {}): Promise<Client> =>
    loopback.client(toyProvider(boxKind(kind), provider));

  const create = (client: Client, properties: Properties, preview = false, urn = BOX_URN) => {
    const request = new providerProto.CreateRequest();
    request.setUrn(urn);
    request.setProperties(encodeProperties(properties));
    request.setPreview(preview);
    request.setTimeout(30);
    return reply<providerProto.CreateRequest, providerProto.CreateResponse>(
      client.create.bind(client),
      request,
    );
  };

  const diff = (client: Client, request = new providerProto.DiffRequest()) => {
    request.setUrn(BOX_URN);
    return reply<providerProto.DiffRequest, providerProto.DiffResponse>(client.diff.bind(client), request);
  };

  it("says that it keeps secrets and answers previews", async () => {
    const client = await clientOf();
    const handshake = await reply<
      providerProto.ProviderHandshakeRequest,
      providerProto.ProviderHandshakeResponse
    >(client.handshake.bind(client), new providerProto.ProviderHandshakeRequest());
    assert.equal(handshake.getAcceptSecrets(), true);
    const configured = await reply<providerProto.ConfigureRequest, providerProto.ConfigureResponse>(
      client.configure.bind(client),
      new providerProto.ConfigureRequest(),
    );
    assert.equal(configured.getAcceptsecrets(), true);
    assert.equal(configured.getSupportspreview(), true);
  });

  it("carries secrets and unknowns both ways", async () => {
    let received: Properties = {};
    const client = await clientOf({
      create: (inputs) => {
        received = inputs;
        return Promise.resolve({ id: "1", outputs: { key: new Secret({ pem: "x" }), later: UNKNOWN } });
      },
    });
    const sent = { password: new Secret("hunter2"), address: UNKNOWN };
    const created = await create(client, sent);
    assert.deepEqual(received, sent);
    assert.deepEqual(decodeProperties(created.getProperties()), {
      key: new Secret({ pem: "x" }),
      later: UNKNOWN,
    });
  });

  it("finds the kind in a nested URN, and the whole name even where it holds the URN's separator", async () => {
    let seen: OperationContext | undefined;
    const client = await clientOf({
      create: (_inputs, context) => {
        seen = context;
        return Promise.resolve({ id: "1", outputs: {} });
      },
    });
    await create(client, {}, true);
    assert.equal(seen?.name, "left::right");
    assert.equal(seen.preview, true);
    assert.equal(seen.timeoutSeconds, 30);
  });

  it("refuses a type it doesn't have, by name", async () => {
    const client = await clientOf();
    await assert.rejects(
      create(client, {}, false, "urn:pulumi:dev::project::toy:box:Bag::b"),
      /"toy:box:Bag"/,
    );
  });

  it("reports failures of a check with their paths", async () => {
    const client = await clientOf({
      check: () =>
        Promise.resolve({
          inputs: { size: 1 },
          failures: [{ property: 'sides["left"]', reason: "too long" }],
        }),
    });
    const request = new providerProto.CheckRequest();
    request.setUrn(BOX_URN);
    const checked = await reply<providerProto.CheckRequest, providerProto.CheckResponse>(
      client.check.bind(client),
      request,
    );
    assert.deepEqual(decodeProperties(checked.getInputs()), { size: 1 });
    assert.deepEqual(checked.toObject().failuresList, [{ property: 'sides["left"]', reason: "too long" }]);
  });

  it("hands a diff the recorded inputs, the recorded outputs and the new inputs, each in its place", async () => {
    let received: unknown;
    const client = await clientOf({
      diff: (args) => {
        received = args;
        return Promise.resolve({ changes: {} });
      },
    });
    const request = new providerProto.DiffRequest();
    request.setId("box-1");
    request.setOlds(encodeProperties({ a: "output" }));
    request.setOldInputs(encodeProperties({ a: "old" }));
    request.setNews(encodeProperties({ a: "new" }));
    request.setIgnorechangesList(["b"]);
    const answer = await diff(client, request);
    assert.deepEqual(received, {
      id: "box-1",
      olds: { a: "output" },
      oldInputs: { a: "old" },
      news: { a: "new" },
      ignoreChanges: ["b"],
    });
    assert.equal(answer.getChanges(), providerProto.DiffResponse.DiffChanges.DIFF_NONE);
  });

  it("tells each change with its path and kind, and the lines of a diff before its reply", async () => {
    const client = await clientOf({
      diff: () =>
        Promise.resolve({
          changes: {
            'files["/etc/a"]': { kind: "update", inputDiff: false },
            'files["/etc/b"]': { kind: "add" },
            "size.width": { kind: "update-replace" },
          },
          deleteBeforeReplace: true,
          stables: ["id"],
          lines: ["first", "second"],
        }),
    });
    const answer = await diff(client);
    assert.deepEqual(
      loopback.said.map(({ message, urn, ephemeral }) => ({ message, urn, ephemeral })),
      [
        { message: "first", urn: BOX_URN, ephemeral: false },
        { message: "second", urn: BOX_URN, ephemeral: false },
      ],
    );
    assert.equal(answer.getChanges(), providerProto.DiffResponse.DiffChanges.DIFF_SOME);
    assert.deepEqual(answer.getDiffsList(), ["files", "size"]);
    assert.deepEqual(answer.getReplacesList(), ["size.width"]);
    assert.deepEqual(answer.getStablesList(), ["id"]);
    assert.equal(answer.getDeletebeforereplace(), true);
    assert.equal(answer.getHasdetaileddiff(), true);
    const details = new Map(
      answer
        .getDetaileddiffMap()
        .toObject(false, (_, entry) => entry)
        .map(([path, entry]) => [path, [entry.getKind(), entry.getInputdiff()]]),
    );
    const { ADD, UPDATE, UPDATE_REPLACE } = providerProto.PropertyDiff.Kind;
    assert.deepEqual(Object.fromEntries(details), {
      'files["/etc/a"]': [UPDATE, false],
      'files["/etc/b"]': [ADD, true],
      "size.width": [UPDATE_REPLACE, true],
    });
  });

  it("reads, updates and deletes with what was recorded", async () => {
    const seen: unknown[] = [];
    const client = await clientOf({
      read: (args) => {
        seen.push(args);
        return Promise.resolve({ id: "", outputs: {}, inputs: {} });
      },
      update: (args, { preview }) => {
        seen.push({ ...args, preview });
        return Promise.resolve({ a: 2 });
      },
      delete: (args) => {
        seen.push(args);
        return Promise.resolve();
      },
    });
    const read = new providerProto.ReadRequest();
    read.setUrn(BOX_URN);
    read.setId("1");
    read.setProperties(encodeProperties({ a: 1 }));
    read.setInputs(encodeProperties({ b: 1 }));
    const found = await reply<providerProto.ReadRequest, providerProto.ReadResponse>(
      client.read.bind(client),
      read,
    );
    assert.equal(found.getId(), "");
    const update = new providerProto.UpdateRequest();
    update.setUrn(BOX_URN);
    update.setId("1");
    update.setOlds(encodeProperties({ a: 1 }));
    update.setOldInputs(encodeProperties({ b: 1 }));
    update.setNews(encodeProperties({ b: 2 }));
    update.setPreview(true);
    const updated = await reply<providerProto.UpdateRequest, providerProto.UpdateResponse>(
      client.update.bind(client),
      update,
    );
    assert.deepEqual(decodeProperties(updated.getProperties()), { a: 2 });
    const removal = new providerProto.DeleteRequest();
    removal.setUrn(BOX_URN);
    removal.setId("1");
    removal.setProperties(encodeProperties({ a: 2 }));
    removal.setOldInputs(encodeProperties({ b: 2 }));
    await reply<providerProto.DeleteRequest, empty.Empty>(client.delete.bind(client), removal);
    assert.deepEqual(seen, [
      { id: "1", outputs: { a: 1 }, inputs: { b: 1 } },
      { id: "1", olds: { a: 1 }, oldInputs: { b: 1 }, news: { b: 2 }, ignoreChanges: [], preview: true },
      { id: "1", outputs: { a: 2 }, inputs: { b: 2 } },
    ]);
  });

  it("calls functions by their token", async () => {
    const client = await clientOf();
    const request = new providerProto.InvokeRequest();
    request.setTok("toy:box:count");
    request.setArgs(encodeProperties({ of: new Secret(3) }));
    const result = await reply<providerProto.InvokeRequest, providerProto.InvokeResponse>(
      client.invoke.bind(client),
      request,
    );
    assert.deepEqual(decodeProperties(result.getReturn()), {
      token: "toy:box:count",
      args: { of: new Secret(3) },
    });
  });

  describe("errors", () => {
    const failing = async (thrown: Error): Promise<grpc.ServiceError> => {
      const client = await clientOf({ create: () => Promise.reject(thrown) });
      return create(client, {}).then(
        () => assert.fail("it was created"),
        (error: unknown) => error as grpc.ServiceError,
      );
    };
    const recorded = (error: grpc.ServiceError): providerProto.ErrorResourceInitFailed => {
      const [bytes] = error.metadata.get("grpc-status-details-bin");
      assert.ok(Buffer.isBuffer(bytes), "the reply carries details");
      const [detail] = statusProto.Status.deserializeBinary(bytes).getDetailsList();
      assert.equal(detail?.getTypeName(), "pulumirpc.ErrorResourceInitFailed");
      return providerProto.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    };

    it("reach the user whole, over several lines and in any alphabet", async () => {
      const fault = new Fault({ what: "schön ist's nicht", where: "cp-0", remedy: "наливай" });
      const error = await failing(fault);
      assert.equal(error.code, grpc.status.UNKNOWN);
      assert.equal(error.details, fault.message);
    });

    it("thrown before a promise was made are replies too", async () => {
      const client = await clientOf({
        create: () => {
          throw new Error("at once");
        },
      });
      await assert.rejects(create(client, {}), /at once/);
    });

    it("that are longer than a reply can hold keep their beginning and their end", async () => {
      const error = await failing(new Fault({ what: `start ${"ж".repeat(100_000)} end` }));
      assert.match(error.details, /^start ж/);
      assert.match(error.details, /ж end$/);
    });

    it("of a thing that was made but is not ready carry its id and what is known of it", async () => {
      const outputs = { key: new Secret("k"), size: 1 };
      const error = await failing(
        new PartialFailure("box-1", outputs, { size: 2 }, new Fault({ what: "the lid is missing" })),
      );
      assert.equal(error.details, "the lid is missing");
      const detail = recorded(error);
      assert.equal(detail.getId(), "box-1");
      assert.deepEqual(decodeProperties(detail.getProperties()), outputs);
      assert.deepEqual(decodeProperties(detail.getInputs()), { size: 2 });
      assert.deepEqual(detail.getReasonsList(), ["the lid is missing"]);
    });

    it("of a thing too large for an error reply still carry its id, and the small ones of its outputs", async () => {
      const outputs = { size: 1, note: new Secret("n"), files: { a: "x".repeat(200_000) } };
      const error = await failing(new PartialFailure("box-1", outputs, outputs, new Error("half-way")));
      const detail = recorded(error);
      assert.equal(detail.getId(), "box-1");
      assert.deepEqual(decodeProperties(detail.getProperties()), { size: 1, note: new Secret("n") });
      assert.deepEqual(detail.getReasonsList(), ["half-way"]);
    });
  });

  it("refuses what it doesn't offer, a stream as well as a single call, and lives on", async () => {
    const client = await clientOf();
    const call = reply<providerProto.CallRequest, providerProto.CallResponse>(
      client.call.bind(client),
      new providerProto.CallRequest(),
    );
    await assert.rejects(call, { code: grpc.status.UNIMPLEMENTED });
    const stream = client.list(new providerProto.ListRequest());
    const refusal = await new Promise<grpc.ServiceError>((resolve) => stream.once("error", resolve).resume());
    assert.equal(refusal.code, grpc.status.UNIMPLEMENTED);
    await create(client, {});
  });

  it("aborts what is under way when the user interrupts, and tells the provider", async () => {
    let cancelled = false;
    const started = Promise.withResolvers<undefined>();
    const client = await clientOf(
      {
        create: (_inputs, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reject(new Error("stopped on the way"));
            });
            started.resolve(undefined);
          }),
      },
      {
        cancel: () => {
          cancelled = true;
          return Promise.resolve();
        },
      },
    );
    const creation = create(client, {});
    const stopped = assert.rejects(creation, /stopped on the way/);
    await started.promise;
    await reply<empty.Empty, empty.Empty>(client.cancel.bind(client), new empty.Empty());
    await stopped;
    assert.equal(cancelled, true);
  });
});
