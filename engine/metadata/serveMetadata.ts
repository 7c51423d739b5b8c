import { chmodSync, mkdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { listen, type Place } from "../services/listen.ts";
import { answerPod } from "./answerPod.ts";
import { answerStage0 } from "./answerStage0.ts";
import { exchangeServer, type Limits } from "./exchange.ts";
import { Identities } from "./Identities.ts";
import { Registrations } from "./Registrations.ts";

const forPods: Limits = {
  bodyBytes: 1 << 20,
  requestMilliseconds: 10_000,
  connections: 1024,
  connectionsOfOne: 32,
};
/** Manifests are larger than what pods say, and stage0 is no stranger. */
const forStage0: Limits = {
  bodyBytes: 16 << 20,
  requestMilliseconds: 30_000,
  connections: 256,
  connectionsOfOne: 256,
};
const SWEEP_MILLISECONDS = 30_000;

export interface MetadataService {
  readonly port: number;
  close(): void;
}

/** Where pods ask, and where they are registered: a socket in the file system, or one of systemd's. */
export async function serveMetadata(
  {
    folder,
    pods,
    stage0,
    warn,
  }: {
    readonly folder: string;
    readonly pods: Place;
    readonly stage0: Place;
    readonly warn: (text: string) => void;
  },
  limits: Limits = forPods,
): Promise<MetadataService> {
  const registrations = new Registrations(folder, warn);
  const identities = new Identities(folder);
  const doors: Server[] = [];
  const sweeping = setInterval(() => {
    registrations.sweep();
  }, SWEEP_MILLISECONDS).unref();
  const close = (): void => {
    clearInterval(sweeping);
    for (const door of doors) {
      door.close();
      door.closeAllConnections();
    }
  };
  try {
    const toPods = exchangeServer(limits, (asked) => answerPod({ registrations, identities }, asked), warn);
    doors.push(toPods);
    await listen(toPods, pods);
    const port = portOf(toPods);
    // A pod that is registered may ask at once, so this comes second.
    const toStage0 = exchangeServer(forStage0, (asked) => answerStage0(registrations, port, asked), warn);
    doors.push(toStage0);
    await listenForStage0(toStage0, stage0);
    return { port, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A socket that a killed service has left is in the way, and one that somebody answers at is not ours to take. */
async function listenForStage0(server: Server, place: Place): Promise<void> {
  if (!("path" in place)) return listen(server, place);
  const { path } = place;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  if (await isAnswered(path)) {
    throw new Fault({
      what: "a metadata service is running already",
      where: path,
      remedy: "stop it first (systemctl stop rkt-metadata.service rkt-metadata.socket)",
    });
  }
  rmSync(path, { force: true });
  const before = process.umask(0o177);
  try {
    await listen(server, place);
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o660);
}

async function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.once("connect", () => {
    resolve(true);
  });
  socket.once("error", () => {
    resolve(false);
  });
  const answered = await promise;
  socket.destroy();
  return answered;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
