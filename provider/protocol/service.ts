/** The ResourceProvider service: turns each gRPC request into a call of a kind, and its result into a reply. */
import grpc from "@grpc/grpc-js";
import type providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { EngineLog } from "./engine-log.ts";
import { errorReply } from "./error-reply.ts";
import type {
  ChangeKind,
  Checked,
  Difference,
  OperationContext,
  Provider,
  ResourceKind,
} from "./resource.ts";
import { decodeProperties, encodeProperties } from "./wire.ts";

const CHANGE_KINDS: Record<ChangeKind, providerProto.PropertyDiff.Kind> = {
  add: providerProto.PropertyDiff.Kind.ADD,
  "add-replace": providerProto.PropertyDiff.Kind.ADD_REPLACE,
  delete: providerProto.PropertyDiff.Kind.DELETE,
  "delete-replace": providerProto.PropertyDiff.Kind.DELETE_REPLACE,
  update: providerProto.PropertyDiff.Kind.UPDATE,
  "update-replace": providerProto.PropertyDiff.Kind.UPDATE_REPLACE,
};

interface Located {
  getUrn(): string;
}

export function serviceOf(
  provider: Provider,
  log: EngineLog,
  cancellation: AbortController,
): grpc.UntypedServiceImplementation {
  const contextOf = (request: Located, preview: boolean, timeoutSeconds: number): OperationContext => ({
    urn: request.getUrn(),
    // A name may itself hold the separator.
    name: request.getUrn().split("::").slice(3).join("::"),
    preview,
    timeoutSeconds,
    signal: cancellation.signal,
    log: log.forResource(request.getUrn()),
  });
  const kindAt = (request: Located): ResourceKind => {
    const token = request.getUrn().split("::")[2]?.split("$").at(-1) ?? "";
    const kind = provider.kindOf(token);
    if (kind === undefined) throw new Error(`this provider has no resource of type "${token}"`);
    return kind;
  };
  /** Every method: errors become replies, and what was said on the way arrives before the reply does. */
  const unary =
    <Request, Reply>(handle: (request: Request) => Promise<Reply>): grpc.handleUnaryCall<Request, Reply> =>
    (call, callback) => {
      // Even what is thrown before a promise was made becomes a reply.
      (async () => handle(call.request))()
        .finally(() => log.flushed())
        .then(
          (reply) => {
            callback(null, reply);
          },
          (thrown: unknown) => {
            callback(errorReply(thrown), null);
          },
        );
    };

  const methods = {
    handshake: unary((request: providerProto.ProviderHandshakeRequest) => {
      log.connect(request.getEngineAddress());
      const reply = new providerProto.ProviderHandshakeResponse();
      reply.setAcceptSecrets(true);
      reply.setAcceptResources(false);
      reply.setAcceptOutputs(false);
      return Promise.resolve(reply);
    }),

    getPluginInfo: unary(() => {
      const reply = new pluginProto.PluginInfo();
      reply.setVersion(provider.version);
      return Promise.resolve(reply);
    }),

    attach: unary((request: pluginProto.PluginAttach) => {
      log.connect(request.getAddress());
      return Promise.resolve(new empty.Empty());
    }),

    getSchema: unary(() => {
      const reply = new providerProto.GetSchemaResponse();
      reply.setSchema("{}");
      return Promise.resolve(reply);
    }),

    checkConfig: unary(async (request: providerProto.CheckRequest) =>
      checkReply(
        await provider.checkConfig(
          decodeProperties(request.getNews()),
          decodeProperties(request.getOlds()),
          contextOf(request, true, 0),
        ),
      ),
    ),

    diffConfig: unary(async (request: providerProto.DiffRequest) =>
      diffReply(await provider.diffConfig(diffArguments(request), contextOf(request, true, 0))),
    ),

    configure: unary(async (request: providerProto.ConfigureRequest) => {
      await provider.configure(decodeProperties(request.getArgs()));
      const reply = new providerProto.ConfigureResponse();
      reply.setAcceptsecrets(true);
      reply.setSupportspreview(true);
      reply.setAcceptresources(false);
      reply.setAcceptoutputs(false);
      return reply;
    }),

    invoke: unary(async (request: providerProto.InvokeRequest) => {
      const context: OperationContext = {
        urn: "",
        name: request.getTok(),
        preview: request.getPreview(),
        timeoutSeconds: 0,
        signal: cancellation.signal,
        log: log.forResource(""),
      };
      const result = await provider.invoke(request.getTok(), decodeProperties(request.getArgs()), context);
      const reply = new providerProto.InvokeResponse();
      reply.setReturn(encodeProperties(result));
      return reply;
    }),

    check: unary(async (request: providerProto.CheckRequest) =>
      checkReply(
        await kindAt(request).check(
          decodeProperties(request.getNews()),
          decodeProperties(request.getOlds()),
          contextOf(request, true, 0),
        ),
      ),
    ),

    diff: unary(async (request: providerProto.DiffRequest) => {
      const context = contextOf(request, true, 0);
      const difference = await kindAt(request).diff(diffArguments(request), context);
      for (const line of difference.lines ?? []) context.log.info(line);
      return diffReply(difference);
    }),

    create: unary(async (request: providerProto.CreateRequest) => {
      const context = contextOf(request, request.getPreview(), request.getTimeout());
      const created = await kindAt(request).create(decodeProperties(request.getProperties()), context);
      const reply = new providerProto.CreateResponse();
      reply.setId(created.id);
      reply.setProperties(encodeProperties(created.outputs));
      return reply;
    }),

    read: unary(async (request: providerProto.ReadRequest) => {
      const result = await kindAt(request).read(
        {
          id: request.getId(),
          outputs: decodeProperties(request.getProperties()),
          inputs: decodeProperties(request.getInputs()),
        },
        contextOf(request, false, request.getTimeout()),
      );
      const reply = new providerProto.ReadResponse();
      reply.setId(result.id);
      reply.setProperties(encodeProperties(result.outputs));
      reply.setInputs(encodeProperties(result.inputs));
      return reply;
    }),

    update: unary(async (request: providerProto.UpdateRequest) => {
      const outputs = await kindAt(request).update(
        {
          id: request.getId(),
          olds: decodeProperties(request.getOlds()),
          oldInputs: decodeProperties(request.getOldInputs()),
          news: decodeProperties(request.getNews()),
          ignoreChanges: request.getIgnorechangesList(),
        },
        contextOf(request, request.getPreview(), request.getTimeout()),
      );
      const reply = new providerProto.UpdateResponse();
      reply.setProperties(encodeProperties(outputs));
      return reply;
    }),

    delete: unary(async (request: providerProto.DeleteRequest) => {
      await kindAt(request).delete(
        {
          id: request.getId(),
          outputs: decodeProperties(request.getProperties()),
          inputs: decodeProperties(request.getOldInputs()),
        },
        contextOf(request, false, request.getTimeout()),
      );
      return new empty.Empty();
    }),

    cancel: unary(async () => {
      cancellation.abort(new Error("the run was interrupted"));
      await provider.cancel();
      return new empty.Empty();
    }),

    construct: refuse("components are constructed by the program"),
    call: refuse("this provider has no methods"),
    parameterize: refuse("this provider takes no parameters"),
    getMapping: unary(() => Promise.resolve(new providerProto.GetMappingResponse())),
    getMappings: unary(() => Promise.resolve(new providerProto.GetMappingsResponse())),
    list: refuseStream("listing resources is not supported"),
  } satisfies Partial<Record<keyof providerGrpc.IResourceProviderService, unknown>>;
  return methods;
}

function refuse(reason: string): grpc.handleUnaryCall<unknown, never> {
  return (_call, callback) => {
    callback({ code: grpc.status.UNIMPLEMENTED, details: reason }, null);
  };
}

function refuseStream(reason: string): grpc.handleServerStreamingCall<unknown, never> {
  return (call) => {
    call.emit("error", { code: grpc.status.UNIMPLEMENTED, details: reason });
  };
}

function diffArguments(request: providerProto.DiffRequest): Parameters<ResourceKind["diff"]>[0] {
  return {
    id: request.getId(),
    olds: decodeProperties(request.getOlds()),
    oldInputs: decodeProperties(request.getOldInputs()),
    news: decodeProperties(request.getNews()),
    ignoreChanges: request.getIgnorechangesList(),
  };
}

function checkReply(checked: Checked): providerProto.CheckResponse {
  const reply = new providerProto.CheckResponse();
  reply.setInputs(encodeProperties(checked.inputs));
  for (const failure of checked.failures ?? []) {
    const entry = new providerProto.CheckFailure();
    entry.setProperty(failure.property);
    entry.setReason(failure.reason);
    reply.addFailures(entry);
  }
  return reply;
}

function diffReply(difference: Difference): providerProto.DiffResponse {
  const reply = new providerProto.DiffResponse();
  const changes = Object.entries(difference.changes);
  reply.setChanges(
    changes.length === 0
      ? providerProto.DiffResponse.DiffChanges.DIFF_NONE
      : providerProto.DiffResponse.DiffChanges.DIFF_SOME,
  );
  reply.setHasdetaileddiff(true);
  reply.setStablesList([...(difference.stables ?? [])]);
  reply.setDeletebeforereplace(difference.deleteBeforeReplace ?? false);
  reply.setDiffsList([...new Set(changes.map(([path]) => path.split(/[.[]/, 1)[0] ?? path))]);
  for (const [path, change] of changes) {
    const entry = new providerProto.PropertyDiff();
    entry.setKind(CHANGE_KINDS[change.kind]);
    entry.setInputdiff(change.inputDiff ?? true);
    reply.getDetaileddiffMap().set(path, entry);
    if (change.kind.endsWith("-replace")) reply.addReplaces(path);
  }
  return reply;
}
