/** How an error travels to the engine: a failed operation, or one that left something behind. */
import grpc from "@grpc/grpc-js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import anyProto from "google-protobuf/google/protobuf/any_pb.js";
import { Fault, messageOf } from "../../errors/fault.ts";
import { PartialFailure } from "./resource.ts";
import { encodeProperties } from "./wire.ts";

export function errorReply(thrown: unknown): Partial<grpc.StatusObject> {
  if (thrown instanceof PartialFailure) return partialFailureReply(thrown);
  // A fault is written for the user. Anything else is a defect of ours, and its stack is what helps.
  const details = thrown instanceof Fault ? thrown.message : defectText(thrown);
  return { code: grpc.status.UNKNOWN, details };
}

function defectText(thrown: unknown): string {
  if (thrown instanceof Error && thrown.name !== "AbortError" && process.env["RKTNETES_DEBUG"] !== undefined) {
    return thrown.stack ?? thrown.message;
  }
  return messageOf(thrown);
}

/** The engine finds the recorded id and properties in the status details of the reply's metadata. */
function partialFailureReply(failure: PartialFailure): Partial<grpc.StatusObject> {
  const detail = new providerProto.ErrorResourceInitFailed();
  detail.setId(failure.id);
  detail.setProperties(encodeProperties(failure.outputs));
  detail.setInputs(encodeProperties(failure.inputs));
  detail.setReasonsList([failure.message]);
  const packed = new anyProto.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusProto.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(failure.message);
  status.addDetails(packed);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: failure.message, metadata };
}
