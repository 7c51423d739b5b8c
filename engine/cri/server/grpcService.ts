/** Hands calls to gRPC: the only place that knows it. */
import grpc from "@grpc/grpc-js";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { diskFault } from "../../../errors/diskFault.ts";
import type { Report } from "../../context.ts";
import type { BoundCall, CallContext } from "./calls.ts";
import { CriFault } from "./CriFault.ts";

/** It travels as a header, which clients read up to a limit. */
const LONGEST_DETAILS = 4000;

/** Registers every name of a service. A call that nobody answers says so. */
export function addCriService(
  server: grpc.Server,
  service: string,
  names: readonly string[],
  calls: Readonly<Record<string, BoundCall | undefined>>,
  report: Report,
): void {
  const definition: Record<string, grpc.MethodDefinition<Buffer, Buffer>> = {};
  const implementation: grpc.UntypedServiceImplementation = {};
  for (const name of names) {
    const bound = calls[name];
    definition[name] = {
      path: `/${service}/${name}`,
      requestStream: false,
      responseStream: bound?.streams === true,
      ...unchanged,
    };
    implementation[name] =
      bound === undefined
        ? refuse(name)
        : bound.streams
          ? streamOf(name, bound, report)
          : unaryOf(name, bound, report);
  }
  server.addService(definition, implementation);
}

const same = (bytes: Buffer): Buffer => bytes;
const unchanged = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

function unaryOf(
  name: string,
  bound: Extract<BoundCall, { readonly streams: false }>,
  report: Report,
): grpc.handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    bound.answer(call.request, contextOf(call)).then(
      (reply) => {
        callback(null, Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength));
      },
      (thrown: unknown) => {
        callback(statusOf(name, thrown, report));
      },
    );
  };
}

function streamOf(
  name: string,
  bound: Extract<BoundCall, { readonly streams: true }>,
  report: Report,
): grpc.handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const context = contextOf(call);
    const send = async (): Promise<void> => {
      for await (const reply of bound.answer(call.request, context)) {
        const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength);
        if (context.signal.aborted) return;
        if (!call.write(bytes)) await new Promise((resolve) => call.once("drain", resolve));
      }
      call.end();
    };
    send().catch((thrown: unknown) => call.emit("error", statusOf(name, thrown, report)));
  };
}

function refuse(name: string): grpc.handleUnaryCall<Buffer, Buffer> {
  return (_call, callback) => {
    callback({ code: grpc.status.UNIMPLEMENTED, details: `${name} is not written yet` });
  };
}

function contextOf(call: {
  readonly cancelled: boolean;
  on(event: "cancelled", listener: () => void): unknown;
}): CallContext {
  const controller = new AbortController();
  const giveUp = (): void => {
    controller.abort(new CriFault("CANCELLED", { what: "the client has given up" }));
  };
  if (call.cancelled) giveUp();
  else call.on("cancelled", giveUp);
  return { signal: controller.signal };
}

/** What the client is told. What is a defect of ours is told to whoever reads the journal, too. */
function statusOf(name: string, thrown: unknown, report: Report): Partial<grpc.StatusObject> {
  const known = diskFault(thrown);
  const details = messageOf(known).slice(0, LONGEST_DETAILS);
  if (known instanceof CriFault) return { code: grpc.status[known.code], details };
  if (known instanceof Fault) return { code: grpc.status.UNKNOWN, details };
  report.warn(`${name}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  return { code: grpc.status.INTERNAL, details };
}
