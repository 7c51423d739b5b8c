/** How an error travels to the engine: a failed operation, or one that left something behind. */
import grpc from "@grpc/grpc-js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import anyProto from "google-protobuf/google/protobuf/any_pb.js";
import { Fault, messageOf } from "../../errors/fault.ts";
import { PartialFailure } from "./resource.ts";
import type { Properties } from "./value.ts";
import { encodeProperties } from "./wire.ts";

/**
 * An error travels in an HTTP/2 trailer, and a field of one holds 64 KiB; a longer one breaks the stream, and
 * the user would read "RST_STREAM". Text is percent-encoded there (up to three bytes for one), details are in
 * base64 (four for three).
 */
const TEXT_LIMIT = 20_000;
const REASON_LIMIT = 8_000;
const RECORD_LIMIT = 36_000;

export function errorReply(thrown: unknown): Partial<grpc.StatusObject> {
  if (thrown instanceof PartialFailure) return partialFailureReply(thrown);
  // A fault is written for the user. Anything else is a defect of ours, and its stack is what helps.
  const details = thrown instanceof Fault ? thrown.message : defectText(thrown);
  return { code: grpc.status.UNKNOWN, details: abridged(details, TEXT_LIMIT) };
}

function defectText(thrown: unknown): string {
  if (
    thrown instanceof Error &&
    thrown.name !== "AbortError" &&
    process.env["RKTNETES_DEBUG"] !== undefined
  ) {
    return thrown.stack ?? thrown.message;
  }
  return messageOf(thrown);
}

/** The engine finds the recorded id and properties in the status details of the reply's metadata. */
function partialFailureReply(failure: PartialFailure): Partial<grpc.StatusObject> {
  const reason = abridged(failure.message, REASON_LIMIT);
  const detail = new providerProto.ErrorResourceInitFailed();
  detail.setId(failure.id);
  detail.setReasonsList([reason]);
  const outputs = fitting(failure.outputs, RECORD_LIMIT);
  detail.setProperties(encodeProperties(outputs));
  // The engine knows the inputs of a create and an update by itself, so they go where there is room.
  const left = RECORD_LIMIT - sizeOf(outputs);
  if (sizeOf(failure.inputs) <= left) detail.setInputs(encodeProperties(failure.inputs));
  const packed = new anyProto.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusProto.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(abridged(reason, 1_000));
  status.addDetails(packed);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: abridged(failure.message, TEXT_LIMIT), metadata };
}

/** The beginning and the end of a long text: what went wrong is said first, what to do about it last. */
function abridged(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  const half = limit / 2;
  const head = bytes
    .subarray(0, half)
    .toString()
    .replace(/\uFFFD+$/, "");
  const tail = bytes
    .subarray(-half)
    .toString()
    .replace(/^\uFFFD+/, "");
  return `${head}\n  … (${bytes.length - limit} bytes left out) …\n${tail}`;
}

/**
 * What fits of the outputs, the small ones before the large. A property that is missing in the record looks
 * changed to the next run, which then mends more than it had to; a lost id would leave an orphan.
 */
function fitting(properties: Properties, limit: number): Properties {
  if (sizeOf(properties) <= limit) return properties;
  const sizes = new Map(Object.entries(properties).map(([key, value]) => [key, sizeOf({ [key]: value })]));
  const kept = new Set<string>();
  let room = limit;
  for (const [key, size] of [...sizes].sort(([, left], [, right]) => left - right)) {
    room -= size;
    if (room < 0) break;
    kept.add(key);
  }
  return Object.fromEntries(Object.entries(properties).filter(([key]) => kept.has(key)));
}

function sizeOf(properties: Properties): number {
  return encodeProperties(properties).serializeBinary().length;
}
