import { Fault } from "../../errors/fault.ts";
import { attachableStreams, streamsOf, type AttachableStream } from "../../stage1/attaching/streams.ts";
import type { Flavour } from "../../stage1/contract.ts";
import { appToEnter } from "./enterPod.ts";
import { findPod } from "./findPod.ts";
import { flavourOf } from "./flavourOfPod.ts";
import type { PodParts } from "./parts.ts";
import type { PodOnDisk } from "./podState.ts";
import { readManifest } from "./podView.ts";
import { turnInto } from "./runPod.ts";

/** `rkt attach`. */
export interface AttachRequest {
  readonly uuid: string;
  /** The pod's only app by default. */
  readonly app?: string;
  /** All that there are, or those of them that are named. */
  readonly streams: "auto" | readonly AttachableStream[];
}

/** What `rkt attach --mode=list` prints, in rkt's own form. */
export interface Endpoints {
  readonly version: 1;
  readonly targets: readonly {
    readonly name: string;
    readonly domain: string;
    readonly address: string;
  }[];
}

interface Attachable {
  readonly pod: PodOnDisk;
  readonly app: string;
  readonly attaching: NonNullable<Flavour["attaching"]>;
  readonly streams: readonly AttachableStream[];
}

/** Becomes a program that carries an app's streams to and from this process's. The app does not notice its end. */
export async function attachToApp(parts: PodParts, request: AttachRequest): Promise<never> {
  const { pod, app, attaching, streams } = await attachable(parts, request);
  if (streams.length === 0) {
    throw new Fault({
      what: `app "${app}" has no streams to attach to`,
      remedy: "run it with --stdin, --stdout or --stderr set to stream, or all three to tty",
    });
  }
  if (request.streams === "auto") return turnInto(attaching.attach(pod, app, { streams, handsOnEnd: false }));
  const missing = request.streams.find((each) => !streams.includes(each));
  if (missing !== undefined) {
    throw new Fault({ what: `app "${app}" has no such stream`, got: missing, allowed: streams.join(", ") });
  }
  // Who names the input means it to the end; who takes what there is may have no input at all.
  return turnInto(attaching.attach(pod, app, { streams: request.streams, handsOnEnd: true }));
}

export async function endpointsOf(
  parts: PodParts,
  request: Pick<AttachRequest, "uuid" | "app">,
): Promise<Endpoints> {
  const { pod, app, attaching, streams } = await attachable(parts, request);
  const names = new Set(streams.map((stream) => (stream.startsWith("tty") ? "tty" : stream)));
  const address = attaching.socket(pod, app);
  return { version: 1, targets: [...names].map((name) => ({ name, domain: "unixpacket", address })) };
}

async function attachable(
  parts: PodParts,
  request: Pick<AttachRequest, "uuid" | "app">,
): Promise<Attachable> {
  const pod = findPod(parts.context.folders.data, request.uuid);
  if (pod.state !== "running") {
    throw new Fault({ what: `pod "${pod.uuid}" isn't currently running`, got: pod.state });
  }
  const app = appToEnter(pod.folder, request.app);
  const flavour = await parts.flavour(flavourOf(pod.folder));
  if (flavour.attaching === undefined) {
    throw new Fault({
      what: `apps of the ${flavour.name} flavour cannot be attached to`,
      where: pod.folder,
      remedy: "run the pod with --stage1-name=coreos.com/rkt/stage1-oci",
    });
  }
  const runtimeApp = readManifest(pod.folder)?.apps.find(({ name }) => name === app);
  if (runtimeApp === undefined) throw new Error(`no app ${app}`);
  return { pod, app, attaching: flavour.attaching, streams: attachableStreams(streamsOf(runtimeApp)) };
}
