/** A provider with one kind, `toy:box:Box`, and the far ends it talks with: a client and an engine's log. */
import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { EngineLog } from "../../../provider/protocol/engine-log.ts";
import type { Provider, ResourceKind } from "../../../provider/protocol/resource.ts";
import { serviceOf } from "../../../provider/protocol/service.ts";
import { UNKNOWN } from "../../../provider/protocol/value.ts";

export const BOX_URN = "urn:pulumi:dev::project::my:a:Component$toy:box:Box::left::right";

/** A kind that gives its inputs back, with what a test wants different. */
export function boxKind(overrides: Partial<ResourceKind> = {}): ResourceKind {
  return {
    token: "toy:box:Box",
    check: (news) => Promise.resolve({ inputs: news }),
    diff: () => Promise.resolve({ changes: {} }),
    create: (inputs, { name, preview }) =>
      Promise.resolve({ id: preview ? "" : name, outputs: { ...inputs, made: preview ? UNKNOWN : true } }),
    read: ({ id, outputs, inputs }) => Promise.resolve({ id, outputs, inputs }),
    update: ({ news }) => Promise.resolve(news),
    delete: () => Promise.resolve(),
    ...overrides,
  };
}

export function toyProvider(kind: ResourceKind, overrides: Partial<Provider> = {}): Provider {
  return {
    version: "1.2.3",
    kindOf: (token) => (token === kind.token ? kind : undefined),
    checkConfig: (news) => Promise.resolve({ inputs: news }),
    diffConfig: () => Promise.resolve({ changes: {} }),
    configure: () => Promise.resolve(),
    invoke: (token, args) => Promise.resolve({ token, args }),
    cancel: () => Promise.resolve(),
    ...overrides,
  };
}

/** Servers and clients of one test, closed together by `close`. */
export class Loopback {
  readonly #closers: (() => void)[] = [];
  readonly said: engineProto.LogRequest.AsObject[] = [];

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }

  async client(
    provider: Provider,
    cancellation = new AbortController(),
  ): Promise<providerGrpc.ResourceProviderClient> {
    const log = new EngineLog(await this.engine());
    const address = await this.#serve(
      providerGrpc.ResourceProviderService,
      serviceOf(provider, log, cancellation),
    );
    const client = new providerGrpc.ResourceProviderClient(address, grpc.credentials.createInsecure());
    this.#closers.push(() => {
      client.close();
    });
    return client;
  }

  /** An engine's log service, which answers late so that only one who waits for it is heard in time. */
  async engine(): Promise<string> {
    const log: grpc.handleUnaryCall<engineProto.LogRequest, empty.Empty> = (call, callback) => {
      setTimeout(() => {
        this.said.push(call.request.toObject());
        callback(null, new empty.Empty());
      }, 10);
    };
    return this.#serve(engineGrpc.EngineService, { log });
  }

  async #serve(
    definition: grpc.ServiceDefinition,
    methods: grpc.UntypedServiceImplementation,
  ): Promise<string> {
    const server = new grpc.Server();
    server.addService(definition, methods);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    this.#closers.push(() => {
      server.forceShutdown();
    });
    return `127.0.0.1:${port}`;
  }
}

/** One call, as a promise. */
export function reply<Request, Reply>(
  call: (request: Request, callback: (error: grpc.ServiceError | null, reply: Reply) => void) => unknown,
  request: Request,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    call(request, (error, received) => {
      if (error) reject(error);
      else resolve(received);
    });
  });
}
