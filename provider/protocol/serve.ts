/** Serves a `Provider` over Pulumi's ResourceProvider gRPC service. */
import grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { EngineLog } from "./engine-log.ts";
import { endWithEngine } from "./lifetime.ts";
import type { Provider } from "./resource.ts";
import { serviceOf } from "./service.ts";

/**
 * Starts the service, prints its port for the engine to read, and stays until the engine goes.
 */
export async function serveProvider(provider: Provider, argv: readonly string[]): Promise<void> {
  const engineAddress = argv.find((argument) => !argument.startsWith("-"));
  const log = new EngineLog(engineAddress);
  const cancellation = new AbortController();
  const stop = (): void => {
    cancellation.abort(new Error("the run was interrupted"));
    process.exit(0);
  };
  endWithEngine("provider", stop);

  const server = new grpc.Server({
    "grpc.max_receive_message_length": 400 * 1024 * 1024,
    "grpc.max_send_message_length": 400 * 1024 * 1024,
  });
  server.addService(providerGrpc.ResourceProviderService, serviceOf(provider, log, cancellation));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  process.stdout.write(`${port}\n`);
}
