/** The CRI v1 server: what the kubelet talks to. */
import { chmodSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import { Fault } from "../../errors/fault.ts";
import type { EngineContext } from "../context.ts";
import type { ImageId } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { TrustStore } from "../trust/trustStore.ts";
import { imageService, runtimeService } from "./api/services.ts";
import type { CriConfiguration } from "./configuration.ts";
import { imageCalls } from "./images/imageCalls.ts";
import { addCriService } from "./server/grpcService.ts";
import { clearSocket } from "./server/unixSocket.ts";
import { runtimeCalls } from "./status/runtimeCalls.ts";

export interface CriParts {
  readonly context: EngineContext;
  readonly store: Store;
  readonly trust: TrustStore;
  readonly configuration: CriConfiguration;
  readonly engineVersion: string;
  readonly removeTreesOf: (image: ImageId) => Promise<unknown>;
}

export interface CriServer {
  /** Takes no new calls, lets those under way end for a moment, and cuts off the rest. */
  close(): Promise<void>;
}

const LARGEST_MESSAGE = 16 << 20;
const GRACE_MILLISECONDS = 5000;

export async function serveCri(parts: CriParts): Promise<CriServer> {
  const { context, store, trust, configuration, engineVersion, removeTreesOf } = parts;
  const { listen, mirrors, pinnedImages } = configuration;
  const { report } = context;
  const server = new grpc.Server({
    "grpc.max_receive_message_length": LARGEST_MESSAGE,
    "grpc.max_send_message_length": LARGEST_MESSAGE,
  });
  const images = imageCalls({ context, store, trust, mirrors, pinnedImages, removeTreesOf });
  const runtime = runtimeCalls({
    engineVersion,
    // Nothing is promised to the kubelet that cannot be kept.
    obstacles: () =>
      Promise.resolve({ runtime: "this server serves images only: pods are not written yet", network: "" }),
  });
  addCriService(server, "runtime.v1.RuntimeService", Object.keys(runtimeService), runtime, report);
  addCriService(server, "runtime.v1.ImageService", Object.keys(imageService), images, report);
  await clearSocket(listen);
  await bind(server, listen);
  return {
    close: () =>
      new Promise((resolve) => {
        const impatient = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, GRACE_MILLISECONDS);
        server.tryShutdown(() => {
          clearTimeout(impatient);
          resolve();
        });
      }),
  };
}

/** Nobody but root may talk to it: whoever does is root on this host. */
async function bind(server: grpc.Server, path: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (cause) => {
        if (cause === null) resolve();
        else reject(new Fault({ what: "cannot listen", where: path, cause }));
      });
    });
    chmodSync(path, 0o600);
  } finally {
    process.umask(before);
  }
}
