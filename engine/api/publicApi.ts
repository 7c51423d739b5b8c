/** The service v1alpha.PublicAPI over gRPC, as upstream's public_api.proto has it: read-only. */
import { once } from "node:events";
import grpc from "@grpc/grpc-js";
import { Fault, messageOf } from "../../errors/fault.ts";
import type { EngineContext } from "../context.ts";
import type { Store } from "../store/store.ts";
import { inspectApiImage, listApiImages } from "./imageReply.ts";
import { apiInfo } from "./info.ts";
import { journalWords, linesOfJournal } from "./podLogs.ts";
import { inspectApiPod, listApiPods } from "./podReply.ts";
import { Refusal } from "./refusal.ts";
import { writeImages, writeInfo, writeLines, writePods } from "./replies.ts";
import { readId, readListImages, readListPods, readLogs, readNothing, type LogsRequest } from "./requests.ts";
import { MalformedMessage } from "./wire.ts";

export interface ApiParts {
  readonly context: EngineContext;
  readonly store: Store;
  readonly engineVersion: string;
  /** Ends what goes on by itself: logs that are followed. */
  readonly ending: AbortSignal;
}

const definition = {
  GetInfo: method("GetInfo"),
  ListPods: method("ListPods"),
  InspectPod: method("InspectPod"),
  ListImages: method("ListImages"),
  InspectImage: method("InspectImage"),
  ListenEvents: method("ListenEvents", "stream"),
  GetLogs: method("GetLogs", "stream"),
};

export function addPublicApi(server: grpc.Server, parts: ApiParts): void {
  const { context, store } = parts;
  const { data } = context.folders;
  server.addService(definition, {
    GetInfo: answering(readNothing, () => writeInfo(apiInfo(context, parts.engineVersion))),
    ListPods: answering(readListPods, (request) => writePods(listApiPods(data, request))),
    InspectPod: answering(readId, ({ id }) => writePods([inspectApiPod(data, id)])),
    ListImages: answering(readListImages, async (request) =>
      writeImages(await listApiImages(store, request, context.report)),
    ),
    InspectImage: answering(readId, async ({ id }) => writeImages([await inspectApiImage(store, id)])),
    ListenEvents: streaming(readNothing, () =>
      Promise.reject(new Refusal("unsupported", "events are not implemented, nor were they in rkt 1.30")),
    ),
    GetLogs: streaming(readLogs, (request, call) => sendLogs(request, call, parts)),
  });
}

/** For gRPC messages are bytes, both ways: what is no message is then answered with the reason. */
function method(name: string, reply: "one" | "stream" = "one"): grpc.MethodDefinition<Buffer, Buffer> {
  const asItIs = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/v1alpha.PublicAPI/${name}`,
    requestStream: false,
    responseStream: reply === "stream",
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
}

function answering<Request>(
  read: (message: Buffer) => Request,
  answer: (request: Request) => Buffer | Promise<Buffer>,
): grpc.handleUnaryCall<Buffer, Buffer> {
  return ({ request }, reply) => {
    // Also what is thrown at once is answered.
    Promise.resolve(request)
      .then(read)
      .then(answer)
      .then(
        (written) => {
          reply(null, written);
        },
        (error: unknown) => {
          reply(statusOf(error));
        },
      );
  };
}

type Stream = grpc.ServerWritableStream<Buffer, Buffer>;

function streaming<Request>(
  read: (message: Buffer) => Request,
  send: (request: Request, call: Stream) => Promise<void>,
): grpc.handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    Promise.resolve(call.request)
      .then(read)
      .then((request) => send(request, call))
      .then(
        () => {
          call.end();
        },
        (error: unknown) => {
          call.emit("error", statusOf(error));
        },
      );
  };
}

async function sendLogs(request: LogsRequest, call: Stream, { context, ending }: ApiParts): Promise<void> {
  const words = journalWords(context.folders.data, request);
  const gone = new AbortController();
  call.once("cancelled", () => {
    gone.abort();
  });
  const signal = AbortSignal.any([ending, gone.signal]);
  try {
    for await (const lines of linesOfJournal(words, signal)) {
      if (!call.write(writeLines(lines))) await once(call, "drain", { signal });
    }
  } catch (error) {
    // Nobody listens any more.
    if (!signal.aborted) throw error;
  }
}

const codes = {
  invalid: grpc.status.INVALID_ARGUMENT,
  "not found": grpc.status.NOT_FOUND,
  unsupported: grpc.status.UNIMPLEMENTED,
} as const;

function statusOf(error: unknown): Pick<grpc.StatusObject, "code" | "details"> {
  if (error instanceof MalformedMessage) return { code: codes.invalid, details: error.message };
  if (error instanceof Refusal) return { code: codes[error.reason], details: error.message };
  const details = error instanceof Fault ? error.message : messageOf(error);
  // It travels in a header, which holds little.
  return { code: grpc.status.INTERNAL, details: details.slice(0, 2000) };
}
