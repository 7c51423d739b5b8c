import assert from "node:assert/strict";
import fc from "fast-check";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import rpc from "@pulumi/pulumi/runtime/rpc.js";
import { Secret, UNKNOWN, type Properties, type Value } from "../../../provider/protocol/value.ts";
import { decodeProperties, encodeProperties } from "../../../provider/protocol/wire.ts";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";

/** Through the bytes that travel, not only through the objects. */
function travelled(properties: Properties): Properties {
  return decodeProperties(
    structProto.Struct.deserializeBinary(encodeProperties(properties).serializeBinary()),
  );
}

function received(object: { [key: string]: structProto.JavaScriptValue }): Properties {
  return decodeProperties(structProto.Struct.fromJavaScript(object));
}

describe("the wire form", () => {
  it("gives back whatever was sent", () => {
    // The protobuf library's maps are plain objects and cannot hold this one key.
    const key = fc.string().filter((text) => text !== "__proto__");
    const { value } = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true }),
        fc.string({ unit: "grapheme" }),
        fc.constant(UNKNOWN),
        tie("value").map((inner) => new Secret(inner)),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (properties) => {
        assert.deepEqual(travelled(properties), properties);
      }),
    );
  });

  it("reads a secret that the engine sends", () => {
    const sent = { password: { [SIGNATURE_KEY]: rpc.specialSecretSig, value: { deep: "x" } } };
    assert.deepEqual(received(sent), { password: new Secret({ deep: "x" }) });
  });

  it("writes a secret as the SDK expects it", () => {
    const struct = encodeProperties({ password: new Secret("x") });
    const read = rpc.deserializeProperties(struct) as Record<string, unknown>;
    assert.equal(rpc.isRpcSecret(read["password"]), true);
    assert.equal(rpc.unwrapRpcSecret(read["password"]), "x");
  });

  it("writes an unknown as the SDK expects it", () => {
    const struct = encodeProperties({ address: UNKNOWN });
    assert.equal(struct.getFieldsMap().get("address")?.getStringValue(), rpc.unknownValue);
  });

  it("reads every kind of unknown", () => {
    for (const sentinel of ["1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"]) {
      assert.deepEqual(received({ a: [sentinel] }), { a: [UNKNOWN] });
    }
  });

  it("reads an output: known, secret, and not known yet", () => {
    const output = { [SIGNATURE_KEY]: rpc.specialOutputValueSig };
    assert.deepEqual(
      received({
        known: { ...output, value: 1, dependencies: ["urn"] },
        secret: { ...output, value: 1, secret: true },
        unknown: { ...output },
        both: { ...output, secret: true },
      }),
      { known: 1, secret: new Secret(1), unknown: UNKNOWN, both: new Secret(UNKNOWN) },
    );
  });

  it("reads a reference to a resource as its id, not known while it is being created", () => {
    const reference = { [SIGNATURE_KEY]: rpc.specialResourceSig, urn: "urn:pulumi:s::p::t::n" };
    assert.deepEqual(
      received({ a: { ...reference, id: "i-1" }, b: { ...reference, id: rpc.unknownValue } }),
      {
        a: "i-1",
        b: UNKNOWN,
      },
    );
  });

  it("hands an asset on as it came", () => {
    const asset = { [SIGNATURE_KEY]: rpc.specialAssetSig, text: "hello" };
    assert.deepEqual(received({ asset }), { asset });
    assert.deepEqual(travelled({ asset }), { asset });
  });

  it("reads an empty value as null, and no struct as no properties", () => {
    const struct = new structProto.Struct();
    struct.getFieldsMap().set("a", new structProto.Value());
    assert.deepEqual(decodeProperties(struct), { a: null });
    assert.deepEqual(decodeProperties(undefined), {});
  });
});
