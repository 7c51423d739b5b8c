import assert from "node:assert/strict";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "../../provider/protocol/value.ts";
import { encodeProperties } from "../../provider/protocol/wire.ts";
import { pkiKinds } from "../../provider/pki/index.ts";
import { resourceOf } from "./pki/kinds.ts";
import type { Lifecycle } from "./protocol/lifecycle.ts";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

type Wire = structProto.JavaScriptValue;

/** What the engine writes to the state in the clear: every text of the wire form that no secret's envelope holds. */
function textsInTheClear(value: Wire): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap(textsInTheClear);
  const map = value as Record<string, Wire>;
  if (map[SIGNATURE_KEY] === SECRET_SIGNATURE) return [];
  return Object.values(map).flatMap(textsInTheClear);
}

function onTheWire(properties: Properties): { all: string; clear: string } {
  const value = encodeProperties(properties).toJavaScript();
  return { all: JSON.stringify(value), clear: textsInTheClear(value).join("\n") };
}

/** For each kind: a resource, two programs (the second of which makes new secrets), and what betrays one. */
const CASES: Record<
  string,
  {
    first: () => Promise<Properties>;
    second: () => Promise<Properties>;
    secretsIn: (all: string) => string[];
  }
> = {};

const privateKeys = (all: string): string[] =>
  all.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----\\n[A-Za-z0-9+/]{20}/g) ?? [];

const authority = resourceOf("rktnetes:pki:Authority");
async function leavesOf(commonName: string): Promise<Properties> {
  if (Object.keys(authority.outputs).length === 0) await authority.up({ commonName: "cluster" });
  const { certificate, privateKey } = authority.outputs;
  return {
    authorities: { cluster: { certificate: certificate ?? null, privateKey: privateKey ?? null } },
    leaves: { kubelet: { authority: "cluster", commonName, usages: ["client"] } },
  };
}

CASES["rktnetes:pki:Authority"] = {
  first: () => Promise.resolve({ commonName: "cluster" }),
  second: () => Promise.resolve({ commonName: "cluster", generation: 2 }),
  secretsIn: privateKeys,
};
CASES["rktnetes:pki:Leaves"] = {
  first: () => leavesOf("one"),
  second: () => leavesOf("two"),
  secretsIn: privateKeys,
};
CASES["rktnetes:pki:KeyPair"] = {
  first: () => Promise.resolve({ algorithm: "RSA-2048" }),
  second: () => Promise.resolve({ algorithm: "EC-P256" }),
  secretsIn: privateKeys,
};
CASES["rktnetes:pki:RandomSecret"] = {
  first: () => Promise.resolve({ bytes: 32 }),
  second: () => Promise.resolve({ bytes: 48 }),
  secretsIn: (all) => all.match(/[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{64}/g) ?? [],
};

describe("secrets of what lives in the state", () => {
  it("are looked for in every kind there is", () => {
    assert.deepEqual(
      Object.keys(CASES).sort(),
      pkiKinds()
        .map(({ token }) => token)
        .sort(),
    );
  });

  for (const [token, { first, second, secretsIn }] of Object.entries(CASES)) {
    describe(token, () => {
      const assertHidden = (resource: Lifecycle): void => {
        const secrets = secretsIn(onTheWire(resource.outputs).all);
        assert.ok(secrets.length > 0, "there are secrets to hide");
        for (const properties of [resource.inputs, resource.outputs]) {
          const { clear } = onTheWire(properties);
          for (const secret of secrets) {
            assert.ok(!clear.includes(JSON.parse(`"${secret}"`) as string), "a secret is in the clear");
          }
          assert.doesNotMatch(clear, /PRIVATE KEY/);
        }
      };

      it("has none in the clear after a create, an update, and a refresh", async () => {
        const resource = resourceOf(token);
        assert.equal((await resource.up(await first())).operation, "create");
        assertHidden(resource);
        const before = onTheWire(resource.outputs).all;
        const run = await resource.up(await second());
        assert.equal(run.operation, "update");
        assertHidden(resource);
        const former = secretsIn(before);
        for (const secret of former) assert.ok(!onTheWire(run.previewed).clear.includes(secret));
        assert.equal(await resource.refresh(), true);
        assertHidden(resource);
        const shown = [...resource.said, ...(run.difference.lines ?? [])].join("\n");
        for (const secret of [...former, ...secretsIn(onTheWire(resource.outputs).all)]) {
          assert.ok(!shown.includes(secret), "a line tells a secret");
        }
      });
    });
  }
});
