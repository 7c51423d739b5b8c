import { createServer, type Server as NetServer } from "node:net";
import grpc from "@grpc/grpc-js";
import { listen, type Place } from "../services/listen.ts";
import { addPublicApi, type ApiParts } from "./publicApi.ts";

/** More than clients need, and less than hurts. */
const limits: grpc.ServerOptions = {
  "grpc.max_receive_message_length": 1 << 20,
  "grpc.max_concurrent_streams": 100,
  // A client that is gone without a word, or that never says one.
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.max_connection_idle_ms": 30 * 60_000,
};
const MOST_CONNECTIONS = 256;

export interface ApiService {
  readonly addresses: readonly ReturnType<NetServer["address"]>[];
  close(): void;
}

/** Resolves when clients can connect at each of the places. */
export async function serveApi(
  parts: Omit<ApiParts, "ending">,
  places: readonly Place[],
): Promise<ApiService> {
  const ending = new AbortController();
  const server = new grpc.Server(limits);
  addPublicApi(server, { ...parts, ending: ending.signal });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const doors: NetServer[] = [];
  const close = (): void => {
    ending.abort();
    for (const door of doors) door.close();
    server.forceShutdown();
  };
  try {
    for (const place of places) {
      const door = createServer((socket) => {
        // A client may break off at any time.
        socket.on("error", () => socket.destroy());
        injector.injectConnection(socket);
      });
      door.maxConnections = MOST_CONNECTIONS;
      doors.push(door);
      await listen(door, place);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { addresses: doors.map((door) => door.address()), close };
}
