/** stage0's side of the metadata service: `--mds-register`. */
import { randomBytes } from "node:crypto";
import { request, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { hasCode } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import type { ImageManifest } from "../appc/imageManifest.ts";
import type { PodManifest } from "../appc/podManifest.ts";
import { serializeImageManifest, serializePodManifest } from "../appc/serialize.ts";
import type { PodNetwork } from "../network/podNetwork.ts";
import { ownerText } from "../pods/owner.ts";
import { metadataAddress } from "./metadataAddress.ts";
import { metadataPort, portHeader, registrationSocket } from "./places.ts";

const PATIENCE_MILLISECONDS = 10_000;

/** Throws a Fault where no pod could be registered; said before anything is made for the pod. */
export async function assertMetadataService(socketPath = registrationSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const socket = connect({ path: socketPath }, () => {
    resolve(undefined);
  });
  socket.once("error", (error) => {
    reject(unreachable(socketPath, error));
  });
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}

export interface PodToRegister {
  readonly uuid: string;
  readonly manifest: PodManifest;
  /** Of the apps, by name. */
  readonly images: ReadonlyMap<string, ImageManifest>;
  readonly network: PodNetwork;
}

/**
 * Makes the pod known, and gives the address at which its apps ask: AC_METADATA_URL. The registration ends with this
 * process, which is the pod from then on.
 */
export async function registerPod(pod: PodToRegister, socketPath = registrationSocket): Promise<string> {
  const { uuid, manifest, images, network } = pod;
  // Said before anything is registered.
  const at = metadataAddress(network);
  const token = randomBytes(16).toString("hex");
  const said = new URLSearchParams({ token, owner: ownerText() });
  const headers = await put(
    socketPath,
    `/pods/${uuid}`,
    `?${said.toString()}`,
    serializePodManifest(manifest),
  );
  for (const [app, image] of images) {
    await put(socketPath, `/pods/${uuid}/${encodeURIComponent(app)}`, "", serializeImageManifest(image));
  }
  return at(token, Number(headers[portHeader] ?? metadataPort));
}

/** `query` holds the token, and is in no message. */
async function put(
  socketPath: string,
  path: string,
  query: string,
  body: string,
): Promise<IncomingHttpHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>();
  const sent = request(
    { socketPath, method: "PUT", path: `${path}${query}`, agent: false, timeout: PATIENCE_MILLISECONDS },
    (response) => {
      response.resume();
      if (response.statusCode === 200) resolve(response.headers);
      else {
        reject(
          new Fault({
            what: "failed to register pod with metadata svc",
            got: `PUT ${path} returned ${response.statusCode ?? "nothing"}`,
          }),
        );
      }
    },
  );
  sent.once("timeout", () => sent.destroy(new Error(`no answer in ${PATIENCE_MILLISECONDS / 1000} s`)));
  sent.once("error", (error) => {
    reject(unreachable(socketPath, error));
  });
  sent.end(body);
  return promise;
}

function unreachable(socketPath: string, cause: unknown): Fault {
  return new Fault({
    what: "could not reach the metadata service",
    where: socketPath,
    ...(hasCode(cause, "ENOENT") ? {} : { cause }),
    remedy: "start it (systemctl start rkt-metadata.socket), or leave --mds-register out",
  });
}
