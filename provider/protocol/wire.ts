/**
 * Between Pulumi's wire form (google.protobuf.Struct, where an object with a well-known signature key
 * stands for a secret, an asset or a reference) and `Value`.
 */
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { isList, isMap, Secret, Unknown, UNKNOWN, type Properties, type Value } from "./value.ts";

type Struct = structProto.Struct;
type WireValue = structProto.Value;

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
/** What the engine sends for a value that is not known yet (one sentinel for each kind, this one for all). */
const UNKNOWN_SENTINELS = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);
const UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function decodeProperties(struct: Struct | undefined): Properties {
  const entries: [string, Value][] = [];
  struct?.getFieldsMap().forEach((value: WireValue, key: string) => {
    entries.push([key, decodeValue(value)]);
  });
  return Object.fromEntries(entries);
}

function decodeValue(value: WireValue): Value {
  switch (value.getKindCase()) {
    case structProto.Value.KindCase.BOOL_VALUE:
      return value.getBoolValue();
    case structProto.Value.KindCase.NUMBER_VALUE:
      return value.getNumberValue();
    case structProto.Value.KindCase.STRING_VALUE: {
      const text = value.getStringValue();
      return UNKNOWN_SENTINELS.has(text) ? UNKNOWN : text;
    }
    case structProto.Value.KindCase.LIST_VALUE:
      return (value.getListValue()?.getValuesList() ?? []).map(decodeValue);
    case structProto.Value.KindCase.STRUCT_VALUE:
      return decodeSigned(decodeProperties(value.getStructValue()));
    case structProto.Value.KindCase.NULL_VALUE:
    case structProto.Value.KindCase.KIND_NOT_SET:
      return null;
  }
}

/** An object with a signature stands for something else. */
function decodeSigned(object: Properties): Value {
  const signature = object[SIGNATURE_KEY];
  if (signature === SECRET_SIGNATURE) return new Secret(object["value"] ?? null);
  if (signature === OUTPUT_SIGNATURE) {
    const value = object["value"] ?? UNKNOWN;
    return object["secret"] === true ? new Secret(value) : value;
  }
  if (signature === RESOURCE_SIGNATURE) return object["id"] ?? UNKNOWN;
  return object;
}

export function encodeProperties(properties: Properties): Struct {
  const struct = new structProto.Struct();
  const fields = struct.getFieldsMap();
  for (const [key, value] of Object.entries(properties)) fields.set(key, encodeValue(value));
  return struct;
}

function encodeValue(value: Value): WireValue {
  const wire = new structProto.Value();
  if (value === null) {
    wire.setNullValue(structProto.NullValue.NULL_VALUE);
  } else if (value instanceof Secret) {
    wire.setStructValue(encodeProperties({ [SIGNATURE_KEY]: SECRET_SIGNATURE, value: value.value }));
  } else if (value instanceof Unknown) {
    wire.setStringValue(UNKNOWN_SENTINEL);
  } else if (isList(value)) {
    const list = new structProto.ListValue();
    list.setValuesList(value.map(encodeValue));
    wire.setListValue(list);
  } else if (isMap(value)) {
    wire.setStructValue(encodeProperties(value));
  } else if (typeof value === "string") {
    wire.setStringValue(value);
  } else if (typeof value === "number") {
    wire.setNumberValue(value);
  } else {
    wire.setBoolValue(value);
  }
  return wire;
}
