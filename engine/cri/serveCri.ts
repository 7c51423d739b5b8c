/** The CRI v1 server: what the kubelet talks to. */
import { createServer, type Server as NetServer } from "node:net";
import grpc from "@grpc/grpc-js";
import type { EngineContext } from "../context.ts";
import { listen, type Place } from "../services/listen.ts";
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

/** Serves at each of the places: paths of sockets, or sockets that somebody has opened already. */
export async function serveCri(parts: CriParts, places: readonly Place[]): Promise<CriServer> {
  const { context, store, trust, configuration, engineVersion, removeTreesOf } = parts;
  const { mirrors, pinnedImages } = configuration;
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
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const doors: NetServer[] = [];
  const close = async (): Promise<void> => {
    for (const door of doors) door.close();
    await new Promise<void>((resolve) => {
      const impatient = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, GRACE_MILLISECONDS);
      server.tryShutdown(() => {
        clearTimeout(impatient);
        resolve();
      });
    });
  };
  try {
    for (const place of places) {
      const door = createServer((socket) => {
        // A client may break off at any time.
        socket.on("error", () => socket.destroy());
        injector.injectConnection(socket);
      });
      doors.push(door);
      await openDoor(door, place);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

/** Nobody but root may talk to it: whoever does is root on this host. */
async function openDoor(door: NetServer, place: Place): Promise<void> {
  if (!("path" in place)) {
    await listen(door, place);
    return;
  }
  await clearSocket(place.path);
  const before = process.umask(0o177);
  try {
    await listen(door, place);
  } finally {
    process.umask(before);
  }
}
