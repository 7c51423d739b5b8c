/** What a client asks, read from the wire. Numbers are those of public_api.proto. */
import { fieldsOf, type WireField } from "./wire.ts";

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** All conditions have to hold; one that is empty always does. */
export interface PodFilter {
  readonly ids: readonly string[];
  readonly states: readonly number[];
  readonly appNames: readonly string[];
  readonly imageIds: readonly string[];
  readonly networkNames: readonly string[];
  readonly annotations: readonly KeyValue[];
  readonly cgroups: readonly string[];
  readonly podSubCgroups: readonly string[];
}

export interface ImageFilter {
  readonly ids: readonly string[];
  readonly prefixes: readonly string[];
  readonly baseNames: readonly string[];
  readonly keywords: readonly string[];
  readonly labels: readonly KeyValue[];
  /** Seconds since 1970; 0 for no condition. */
  readonly importedAfter: bigint;
  readonly importedBefore: bigint;
  readonly annotations: readonly KeyValue[];
  readonly fullNames: readonly string[];
}

export interface ListRequest<Filter> {
  /** One of them has to hold; without any, everything is listed. */
  readonly filters: readonly Filter[];
  readonly detail: boolean;
}

export interface LogsRequest {
  readonly podId: string;
  readonly appName: string;
  readonly lines: number;
  readonly follow: boolean;
  /** Seconds since 1970; 0 for no condition. */
  readonly sinceTime: bigint;
  readonly untilTime: bigint;
}

export function readNothing(request: Buffer): object {
  // Read to the end all the same: what is no message is refused.
  Array.from(fieldsOf(request));
  return {};
}

export function readId(request: Buffer): { readonly id: string } {
  let id = "";
  for (const field of fieldsOf(request)) if (field.number === 1) id = field.text();
  return { id };
}

export function readListPods(request: Buffer): ListRequest<PodFilter> {
  return readList(request, readPodFilter);
}

export function readListImages(request: Buffer): ListRequest<ImageFilter> {
  return readList(request, readImageFilter);
}

function readList<Filter>(request: Buffer, readFilter: (filter: Buffer) => Filter): ListRequest<Filter> {
  const filters: Filter[] = [];
  let detail = false;
  for (const field of fieldsOf(request)) {
    if (field.number === 1) filters.push(readFilter(field.bytes()));
    if (field.number === 2) detail = field.bool();
  }
  return { filters, detail };
}

function readPodFilter(filter: Buffer): PodFilter {
  const fields = [...fieldsOf(filter)];
  return {
    ids: textsIn(fields, 1),
    states: fields.filter(({ number }) => number === 2).flatMap((field) => field.int32s()),
    appNames: textsIn(fields, 3),
    imageIds: textsIn(fields, 4),
    networkNames: textsIn(fields, 5),
    annotations: pairsIn(fields, 6),
    cgroups: textsIn(fields, 7),
    podSubCgroups: textsIn(fields, 8),
  };
}

function readImageFilter(filter: Buffer): ImageFilter {
  const fields = [...fieldsOf(filter)];
  return {
    ids: textsIn(fields, 1),
    prefixes: textsIn(fields, 2),
    baseNames: textsIn(fields, 3),
    keywords: textsIn(fields, 4),
    labels: pairsIn(fields, 5),
    importedAfter: lastOf(fields, 6)?.int64() ?? 0n,
    importedBefore: lastOf(fields, 7)?.int64() ?? 0n,
    annotations: pairsIn(fields, 8),
    fullNames: textsIn(fields, 9),
  };
}

export function readLogs(request: Buffer): LogsRequest {
  const fields = [...fieldsOf(request)];
  return {
    podId: lastOf(fields, 1)?.text() ?? "",
    appName: lastOf(fields, 2)?.text() ?? "",
    lines: lastOf(fields, 3)?.int32() ?? 0,
    follow: lastOf(fields, 4)?.bool() ?? false,
    sinceTime: lastOf(fields, 5)?.int64() ?? 0n,
    untilTime: lastOf(fields, 6)?.int64() ?? 0n,
  };
}

function textsIn(fields: readonly WireField[], wanted: number): readonly string[] {
  return fields.filter(({ number }) => number === wanted).map((field) => field.text());
}

function pairsIn(fields: readonly WireField[], wanted: number): readonly KeyValue[] {
  return fields
    .filter(({ number }) => number === wanted)
    .map((field) => {
      const pair = [...fieldsOf(field.bytes())];
      return { key: lastOf(pair, 1)?.text() ?? "", value: lastOf(pair, 2)?.text() ?? "" };
    });
}

/** Of a field that comes several times the last one counts. */
function lastOf(fields: readonly WireField[], wanted: number): WireField | undefined {
  return fields.findLast(({ number }) => number === wanted);
}
