import assert from "node:assert/strict";
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTrustStore } from "../../../../engine/trust/openTrustStore.ts";
import type { OciSignatureSource, OciToVerify, Signer } from "../../../../engine/trust/trustStore.ts";
import { GpgHome } from "../gpgHome.ts";
import { type Heard, listening, refused } from "../verification.ts";

const digest = `sha256:${createHash("sha256").update("the manifest").digest("hex")}`;
const other = `sha256:${createHash("sha256").update("another manifest").digest("hex")}`;
const image: OciToVerify = {
  repository: "registry.example.com/team/app",
  reference: "registry.example.com/team/app:1.2",
  manifestDigest: digest,
};

interface Payload {
  readonly reference?: string;
  readonly manifest?: string;
  readonly type?: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

function payload(
  type: string,
  { reference, manifest = digest, type: another = type, more = {} }: Payload,
): Buffer {
  const critical = {
    identity: { "docker-reference": reference ?? image.repository },
    image: { "docker-manifest-digest": manifest },
    type: another,
    ...more,
  };
  return Buffer.from(JSON.stringify({ critical, optional: { creator: "a test" } }));
}

describe("the policy for OCI images", function () {
  this.timeout(60_000);
  let folder: string;
  let folders: { readonly system: string; readonly local: string };
  let heard: Heard;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "trust-"));
    folders = { system: join(folder, "system"), local: join(folder, "local") };
    heard = listening();
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = async (where: "system" | "local", name: string, content: unknown): Promise<void> => {
    const file = join(folders[where], "trust.d", name);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(
      file,
      content instanceof Uint8Array || typeof content === "string" ? content : JSON.stringify(content),
    );
  };
  const policy = (more: Readonly<Record<string, unknown>>): unknown => ({
    rktKind: "imagePolicy",
    rktVersion: "v1",
    prefixes: ["registry.example.com/team"],
    ...more,
  });
  const offering = (offered: Partial<OciSignatureSource> = {}): OciSignatureSource => ({
    cosign: () => Promise.resolve([]),
    bundles: () => Promise.resolve([]),
    simpleSigning: () => Promise.resolve([]),
    ...offered,
  });
  const verify = async (signatures: OciSignatureSource, asked: OciToVerify = image): Promise<Signer> =>
    (await openTrustStore(folders, heard)).verifyOci(asked, signatures);

  it("refuses an image that no policy covers", async () => {
    await put(
      "local",
      "team.json",
      policy({ prefixes: ["registry.example.com/tea"], insecureAcceptAnything: true }),
    );
    const error = await refused(
      verify(offering()),
      /^no image policy says who may sign registry\.example\.com\/team\/app \(try --insecure-options=image\)$/,
    );
    assert.match(error.details.remedy ?? "", /local\/trust\.d/);
  });

  it("accepts anything only where it is told to, and says so each time", async () => {
    await put("local", "team.json", policy({ insecureAcceptAnything: true }));
    for (let time = 1; time <= 2; time++) {
      assert.deepEqual(await verify(offering()), { scheme: "unverified", key: "", identity: "" });
      assert.equal(heard.lines.length, time);
    }
    assert.match(
      heard.lines[0] ?? "",
      /^warning: registry\.example\.com\/team\/app:1\.2 is not verified: .*team\.json accepts anything under registry\.example\.com\/team$/,
    );
  });

  it("takes the administrator's word over the system's, prefix by prefix", async () => {
    await put(
      "system",
      "all.json",
      policy({ prefixes: ["registry.example.com/team", "quay.io"], insecureAcceptAnything: true }),
    );
    await put("local", "team.json", policy({ accept: [{ sigstoreKey: "absent.pub" }] }));
    await refused(verify(offering()), /absent\.pub/);
    const asked = { ...image, repository: "quay.io/a", reference: "quay.io/a:1" };
    assert.equal((await verify(offering(), asked)).scheme, "unverified");
  });

  it("stops at a mistake in any policy, and tells all mistakes of all files", async () => {
    await put("system", "a.json", policy({ prefixes: ["nginx"], insecureAcceptAnything: true }));
    await put("local", "b.json", policy({ insecureAcceptAnything: true }));
    await put("local", "c.json", policy({ insecureAcceptAnything: true }));
    await put("local", "notes.txt", "no policy");
    await refused(
      verify(offering()),
      /^the image policies have 2 mistakes\n- .*system\/trust\.d\/a\.json: prefixes\[0\]\n +got: +"nginx"\n.*\n- .*c\.json: prefixes\[0\]\n.*\n +allowed: each prefix once in a folder; .*b\.json has it too$/,
    );
  });

  it("means Docker's registry by all its names", async () => {
    await put("local", "hub.json", policy({ prefixes: ["docker.io/library"], insecureAcceptAnything: true }));
    for (const repository of ["docker.io/library/busybox", "index.docker.io/library/busybox", "busybox"]) {
      assert.equal((await verify(offering(), { ...image, repository })).scheme, "unverified");
    }
  });

  describe("with cosign's signatures", () => {
    const cosignType = "cosign container image signature";
    let key: KeyObject;
    const failed =
      /^signature verification of registry\.example\.com\/team\/app:1\.2 \(sha256:[0-9a-f]{64}\) failed\n/;

    beforeEach(async () => {
      key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      await put("local", "team.pub", pem(key));
      await put("local", "team.json", policy({ accept: [{ sigstoreKey: "team.pub" }] }));
    });

    const pem = (of: KeyObject): string =>
      createPublicKey(of).export({ type: "spki", format: "pem" }).toString();
    const signed = (bytes: Buffer, by = key): Awaited<ReturnType<OciSignatureSource["cosign"]>>[number] => ({
      payload: bytes,
      annotations: {
        "dev.cosignproject.cosign/signature": sign(
          by.asymmetricKeyType === "ed25519" ? null : "sha256",
          bytes,
          by,
        ).toString("base64"),
      },
    });
    const beside = (...layers: ReturnType<typeof signed>[]): OciSignatureSource =>
      offering({ cosign: () => Promise.resolve(layers) });

    it("accepts what the key signed, and names the key", async () => {
      const signer = await verify(beside(signed(payload(cosignType, {}))));
      const spki = createPublicKey(key).export({ type: "spki", format: "der" });
      const name = `sha256:${createHash("sha256").update(spki).digest("hex")}`;
      assert.deepEqual(signer, { scheme: "sigstore", key: name, identity: "" });
    });

    it("accepts keys of other kinds", async () => {
      for (const by of [
        generateKeyPairSync("ed25519").privateKey,
        generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
        generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
      ]) {
        await put("local", "team.json", policy({ accept: [{ sigstoreKey: pem(by) }] }));
        await verify(beside(signed(payload(cosignType, {}), by)));
      }
    });

    it("accepts a digest as long as the key's curve, and no weak one", async () => {
      const by = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
      await put("local", "team.json", policy({ accept: [{ sigstoreKey: pem(by) }] }));
      const bytes = payload(cosignType, {});
      const hashed = (digest: string): ReturnType<typeof signed> => ({
        payload: bytes,
        annotations: { "dev.cosignproject.cosign/signature": sign(digest, bytes, by).toString("base64") },
      });
      await verify(beside(hashed("sha384")));
      await refused(verify(beside(hashed("sha1"))), failed);
    });

    it("accepts one good signature among others, and any one of several keys", async () => {
      const second = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      const good = signed(payload(cosignType, {}));
      await verify(beside(signed(payload(cosignType, {}), second), { ...good, annotations: {} }, good));
      await put(
        "local",
        "team.json",
        policy({ accept: [{ sigstoreKey: "team.pub" }, { sigstoreKey: pem(second) }] }),
      );
      await verify(beside(signed(payload(cosignType, {}), second)));
    });

    it("refuses an image without a signature, or with another's", async () => {
      const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      const none = await refused(verify(beside()), failed);
      assert.match(none.message, /no signature beside the image/);
      const strange = await refused(verify(beside(signed(payload(cosignType, {}), stranger))), failed);
      assert.match(strange.message, /a signature is not by this key/);
      assert.match(strange.message, /team\.json accepts under registry\.example\.com\/team/);
    });

    it("refuses a payload that was changed", async () => {
      const layer = signed(payload(cosignType, { manifest: other }));
      await refused(verify(beside({ ...layer, payload: payload(cosignType, {}) })), failed);
    });

    for (const [what, changed, reason] of [
      ["another manifest", { manifest: other }, /over another manifest/],
      [
        "another repository",
        { reference: "registry.example.com/team/other" },
        /is for .*team\/other, not for .*team\/app/,
      ],
      ["another tag", { reference: `${image.repository}:1.1` }, /for the tag 1\.1, not for 1\.2/],
      ["a thing of another type", { type: "attestation" }, /of type "attestation"/],
      [
        "something critical that is unknown",
        { more: { until: "noon" } },
        /does not name an image as it should/,
      ],
    ] as const) {
      it(`refuses a good signature over ${what}`, async () => {
        const error = await refused(verify(beside(signed(payload(cosignType, changed)))), failed);
        assert.match(error.message, reason);
      });
    }

    it("asks for the tag only when a tag was asked for", async () => {
      const tagged = beside(signed(payload(cosignType, { reference: `${image.repository}:1.1` })));
      await verify(tagged, { ...image, reference: `${image.repository}@${digest}` });
      await verify(beside(signed(payload(cosignType, { reference: image.reference }))));
    });

    it("knows a mirror's images by the name that they were signed under", async () => {
      const accept = [{ sigstoreKey: "team.pub", signedAs: "quay.io/upstream" }];
      await put("local", "team.json", policy({ accept }));
      await verify(beside(signed(payload(cosignType, { reference: "quay.io/upstream/app" }))));
      await refused(verify(beside(signed(payload(cosignType, {})))), failed);
    });

    it("survives whatever lies beside an image", async () => {
      const junk = [randomBytes(200), Buffer.from("{}"), Buffer.from("null"), Buffer.alloc(0)];
      const layers = junk.flatMap((bytes) => [
        signed(bytes),
        { payload: bytes, annotations: { "dev.cosignproject.cosign/signature": "@@@" } },
      ]);
      await refused(verify(beside(...layers)), failed);
    });
  });

  describe("with cosign's bundles", () => {
    const signed = "https://sigstore.dev/cosign/sign/v1";
    const inToto = "application/vnd.in-toto+json";
    let key: KeyObject;

    beforeEach(async () => {
      key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      const pem = createPublicKey(key).export({ type: "spki", format: "pem" });
      await put("local", "team.json", policy({ accept: [{ sigstoreKey: pem.toString() }] }));
    });

    interface BundleWish {
      readonly manifest?: string;
      readonly name?: string;
      readonly predicateType?: string;
      readonly by?: KeyObject;
      readonly mediaType?: string;
      /** What is signed, of what the envelope holds. */
      readonly message?: (type: string, payload: Buffer) => Buffer;
    }

    const enveloped = (type: string, bytes: Buffer): Buffer =>
      Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${bytes.length} `), bytes]);

    const bundle = ({
      manifest = digest,
      name,
      predicateType = signed,
      by = key,
      mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json",
      message = enveloped,
    }: BundleWish = {}): Buffer => {
      const statement = Buffer.from(
        JSON.stringify({
          _type: "https://in-toto.io/Statement/v1",
          subject: [
            { ...(name !== undefined && { name }), digest: { sha256: manifest.slice("sha256:".length) } },
          ],
          predicateType,
          predicate: {},
        }),
      );
      return Buffer.from(
        JSON.stringify({
          mediaType,
          verificationMaterial: { publicKey: { hint: "x" } },
          dsseEnvelope: {
            payload: statement.toString("base64"),
            payloadType: inToto,
            signatures: [{ sig: sign("sha256", message(inToto, statement), by).toString("base64") }],
          },
        }),
      );
    };
    const attached = (...bundles: Buffer[]): OciSignatureSource =>
      offering({ bundles: () => Promise.resolve(bundles) });

    it("accepts what the key signed, and names the key", async () => {
      const { scheme, key: name } = await verify(attached(bundle()));
      const spki = createPublicKey(key).export({ type: "spki", format: "der" });
      assert.deepEqual(
        [scheme, name],
        ["sigstore", `sha256:${createHash("sha256").update(spki).digest("hex")}`],
      );
      await verify(attached(bundle({ manifest: other }), bundle()));
      await verify(attached(bundle({ name: image.repository })));
    });

    for (const [what, wish, reason] of [
      ["another manifest", { manifest: other }, /over another manifest/],
      [
        "how an image was built",
        { predicateType: "https://slsa.dev/provenance/v1" },
        /of type "https:\/\/slsa/,
      ],
      ["another repository's image, by name", { name: "registry.example.com/other" }, /it is for .*other/],
    ] as const) {
      it(`refuses a good signature over ${what}`, async () => {
        const error = await refused(verify(attached(bundle(wish))), /failed\n/);
        assert.match(error.message, reason);
      });
    }

    it("refuses another's signature, and one over the statement without its envelope", async () => {
      const by = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      for (const wish of [{ by }, { message: (_: string, bytes: Buffer) => bytes }]) {
        const error = await refused(verify(attached(bundle(wish))), /failed\n/);
        assert.match(error.message, /not by this key/);
      }
    });

    it("survives whatever is attached to an image", async () => {
      const junk = [randomBytes(200), Buffer.from("{}"), Buffer.from("null"), Buffer.alloc(0)];
      const foreign = bundle({ mediaType: "application/vnd.dev.sigstore.bundle.v9+json" });
      const error = await refused(verify(attached(...junk, foreign)), /failed\n/);
      assert.match(error.message, /a bundle is none that holds a signed statement/);
    });
  });

  describe("with OpenPGP simple signing", () => {
    const type = "atomic container signature";
    let home: GpgHome;
    let fingerprint: string;

    before(async () => {
      home = await GpgHome.make();
      fingerprint = await home.makeKey("Team <team@example.com>");
      await home.makeKey("Stranger <stranger@example.com>");
    });
    after(() => home.remove());
    beforeEach(async () => {
      await put("local", "team.gpg", await home.export("team@example.com", false));
      const simpleSigning = { keyring: "team.gpg", lookaside: "/var/lib/sigs" };
      await put("local", "team.json", policy({ accept: [{ simpleSigning }] }));
    });

    const message = (
      content: Buffer,
      by = "team@example.com",
      options: readonly string[] = [],
    ): Promise<Buffer> => home.signMessage(content, { by: [by], options });
    const asked: string[] = [];
    const inLookaside = (...messages: Buffer[]): OciSignatureSource =>
      offering({
        simpleSigning: (lookaside) => {
          asked.push(lookaside);
          return Promise.resolve(messages);
        },
      });

    it("accepts what a key of the keyring signed, and names it", async () => {
      const bytes = await message(payload(type, { reference: image.reference }));
      assert.deepEqual(await verify(inLookaside(bytes)), {
        scheme: "simple-signing",
        key: fingerprint,
        identity: "Team <team@example.com>",
      });
      assert.deepEqual(asked, ["/var/lib/sigs"]);
    });

    it("accepts a message that gpg did not compress", async () => {
      const bytes = await message(payload(type, {}), "team@example.com", ["--compress-algo", "none"]);
      await verify(inLookaside(await message(payload(type, { manifest: other })), bytes));
    });

    for (const [what, changed, reason] of [
      [
        "another manifest",
        { manifest: other },
        /by Team <team@example\.com> holds, but it is over another manifest/,
      ],
      ["another repository", { reference: "registry.example.com/team/other:1.2" }, /not for .*team\/app/],
      ["another tag", { reference: `${image.repository}:1.1` }, /for the tag 1\.1, not for 1\.2/],
      ["cosign's type", { type: "cosign container image signature" }, /of type/],
    ] as const) {
      it(`refuses a good signature over ${what}`, async () => {
        const error = await refused(verify(inLookaside(await message(payload(type, changed)))), /failed\n/);
        assert.match(error.message, reason);
      });
    }

    it("refuses another's signature, a weak one, none, and what is no message", async () => {
      const good = payload(type, {});
      for (const [bytes, reason] of [
        [await message(good, "stranger@example.com"), /openpgp: signature made by unknown entity/],
        [
          await message(good, "team@example.com", ["--digest-algo", "SHA1"]),
          /made with SHA-1|verification failure/,
        ],
        [await home.sign(good, { by: ["team@example.com"] }), /a signature cannot be read/],
        [good, /a signature cannot be read/],
      ] as const) {
        const error = await refused(verify(inLookaside(bytes)), /failed\n/);
        assert.match(error.message, reason);
      }
      assert.match(
        (await refused(verify(inLookaside()), /failed\n/)).message,
        /no signature in \/var\/lib\/sigs/,
      );
    });

    it("refuses a message of which one byte was changed", async () => {
      const bytes = await message(payload(type, {}), "team@example.com", ["--compress-algo", "none"]);
      const at = bytes.indexOf(digest.slice(7, 20));
      bytes.write("0000000000000", at);
      const error = await refused(verify(inLookaside(bytes)), /failed\n/);
      assert.match(error.message, /hash tag doesn't match|verification failure/);
    });
  });
});
