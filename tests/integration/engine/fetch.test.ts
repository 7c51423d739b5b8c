/** Fetching with nothing but real parts: Debian's registry, gpg, the store and the keys and policies on disk. */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request as ask, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pushImage } from "../../../lab/images/push.ts";
import { createNetwork } from "../../../lab/network.ts";
import { createRegistry, type Registry } from "../../../lab/registry.ts";
import type { ImageRecord } from "../../../engine/store/records.ts";
import { writeLayout } from "../../engine/images/layout/writeLayout.ts";
import { archiveOf } from "../../engine/images/unpack/archive.ts";
import { aciOf } from "../../engine/store/images.ts";
import { GpgHome } from "../../engine/trust/gpgHome.ts";
import { eventually } from "../../support/await.ts";
import { runProcess } from "../../support/process.ts";
import { makeScratchLab, type ScratchLab } from "../lab/scratch-lab.ts";

const driver = join(import.meta.dirname, "fetchDriver.ts");
const manifestType = "application/vnd.oci.image.manifest.v1+json";

interface Outcome {
  readonly code: number;
  readonly said: string;
  readonly record: ImageRecord | undefined;
}

describe("fetching images", function () {
  this.timeout(300_000);

  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rktnetes-fetching-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const fetchImage = async (
    reference: string,
    insecure = "none",
    onStart?: (pid: number) => void,
  ): Promise<Outcome> => {
    const options = onStart === undefined ? {} : { onStart };
    const args = [driver, folder, insecure, reference];
    const { code, stdout, stderr } = await runProcess(process.execPath, args, options);
    const record = code === 0 ? (JSON.parse(stdout) as ImageRecord) : undefined;
    return { code, said: stderr.replaceAll(/^\(node:.*|^\(Use `node.*/gm, "").trim(), record };
  };

  const trust = async (path: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(join(folder, "local", path, ".."), { recursive: true });
    await writeFile(join(folder, "local", path), content);
  };

  describe("from files, with gpg's signatures", () => {
    let home: GpgHome;
    let key: Buffer;
    let fingerprint: string;
    const name = "example.com/app";
    const aci = gzipSync(aciOf([{ name: "hello", content: "world" }], { name }));

    before(async () => {
      home = await GpgHome.make();
      fingerprint = await home.makeKey("Test Signer <t@example.com>");
      key = await home.export("t@example.com");
    });

    after(() => home.remove());

    it("says in rkt's words what is missing, not trusted or tampered with, and whose the good one is", async () => {
      const path = join(folder, "x.aci");
      await writeFile(path, aci);
      assert.equal((await fetchImage(path)).said, `fetch: open ${path}.asc: no such file or directory`);
      await writeFile(`${path}.asc`, await home.sign(aci, { by: ["t@example.com"], armor: true }));
      const advice =
        "image: If you expected the signing key to change, try running:\nimage:     rkt trust --prefix <image>\n";
      const untrusted = (await fetchImage(path)).said;
      assert.ok(
        untrusted.startsWith(`${advice}fetch: openpgp: signature made by unknown entity\n`),
        untrusted,
      );
      await trust(`trustedkeys/prefix.d/${name}/${fingerprint}`, key);
      const good = await fetchImage(path);
      assert.equal(good.said, "image: signature verified:\n  Test Signer <t@example.com>");
      assert.deepEqual(good.record?.verification, {
        by: "openpgp",
        fingerprint,
        identity: "Test Signer <t@example.com>",
      });
      const other = gzipSync(aciOf([{ name: "hello", content: "w0rld" }], { name }));
      await writeFile(path, other);
      const tampered = await fetchImage(path);
      assert.equal(tampered.code, 254);
      assert.match(tampered.said, /^fetch: openpgp: invalid signature: hash tag doesn't match/);
    });
  });

  describe("from a registry", () => {
    let lab: ScratchLab;
    let registry: Registry;
    let layoutFolder: string;
    const layer = gzipSync(archiveOf([{ name: "data", content: randomBytes(8 << 20) }]), { level: 1 });
    const blobs = new Map<string, Buffer>();
    let manifestDigest: string;

    const blob = (bytes: Buffer, mediaType: string) => {
      const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      blobs.set(digest, bytes);
      return { mediaType, digest, size: bytes.length };
    };

    const image = (name: string, config: object, layers: object[]) => {
      const document = { schemaVersion: 2, mediaType: manifestType, config, layers };
      const annotations = { "org.opencontainers.image.ref.name": name };
      return { ...blob(Buffer.from(JSON.stringify(document)), manifestType), annotations };
    };

    before(async () => {
      lab = await makeScratchLab("fetching", [".registry"]);
      await createNetwork({ name: "fetching", subnet: "10.79.41.0/24" }, lab.options);
      registry = await createRegistry(
        { network: "fetching", address: "10.79.41.1", port: 5000, images: [] },
        lab.options,
      );
      layoutFolder = await mkdtemp(join(tmpdir(), "rktnetes-layout-"));
      const configuration = {
        architecture: process.arch === "x64" ? "amd64" : process.arch,
        os: "linux",
        config: { Cmd: ["/data"] },
        rootfs: { type: "layers", diff_ids: [] },
      };
      const config = blob(
        Buffer.from(JSON.stringify(configuration)),
        "application/vnd.oci.image.config.v1+json",
      );
      const app = image("app", config, [blob(layer, "application/vnd.oci.image.layer.v1.tar+gzip")]);
      manifestDigest = app.digest;
      await writeLayout(layoutFolder, { blobs, entries: [app] });
      await pushImage(layoutFolder, "app", { server: registry.server, repository: "lib/app", tag: "1" });
    });

    after(async () => {
      await rm(layoutFolder, { recursive: true, force: true });
      await lab.remove();
    });

    it("refuses it in the clear and unsigned, each for itself, and brings it in when both are allowed", async () => {
      const reference = `docker://${registry.host}/lib/app:1`;
      const clear = await fetchImage(reference, "image");
      assert.ok(
        clear.said.startsWith(
          `fetch: Get "https://${registry.host}/v2/": http: server gave HTTP response to HTTPS client`,
        ),
        clear.said,
      );
      const unsigned = await fetchImage(reference, "http");
      assert.equal(unsigned.code, 254);
      assert.match(unsigned.said, /polic/);
      const { record } = await fetchImage(reference, "image,http");
      assert.equal(record?.oci?.manifestDigest, manifestDigest);
      assert.deepEqual(record.oci.repoTags, [`${registry.host}/lib/app:1`]);
    });

    it("brings in what cosign has signed by a key that a policy names, and no other tag under that signature", async () => {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const pem = publicKey.export({ type: "spki", format: "pem" });
      const policy = {
        rktKind: "imagePolicy",
        rktVersion: "v1",
        prefixes: [`${registry.host}/lib`],
        accept: [{ sigstoreKey: pem }],
      };
      await trust("trust.d/lib.json", JSON.stringify(policy));
      const reference = `docker://${registry.host}/lib/app:1`;
      assert.equal((await fetchImage(reference, "http")).code, 254);
      const payload = Buffer.from(
        JSON.stringify({
          critical: {
            identity: { "docker-reference": `${registry.host}/lib/app:1` },
            image: { "docker-manifest-digest": manifestDigest },
            type: "cosign container image signature",
          },
          optional: null,
        }),
      );
      const annotations = {
        "dev.cosignproject.cosign/signature": sign("sha256", payload, privateKey).toString("base64"),
      };
      const signed = { ...blob(payload, "application/vnd.dev.cosign.simplesigning.v1+json"), annotations };
      const config = blob(Buffer.from("{}"), "application/vnd.oci.image.config.v1+json");
      const entry = image("signature", config, [signed]);
      await writeLayout(layoutFolder, { blobs, entries: [entry] });
      const tag = `${manifestDigest.replace(":", "-")}.sig`;
      await pushImage(layoutFolder, "signature", { server: registry.server, repository: "lib/app", tag });
      const good = await fetchImage(reference, "http");
      assert.equal(good.code, 0, good.said);
      assert.equal(good.record?.verification.by, "sigstore");
      await pushTag("2");
      const other = await fetchImage(`docker://${registry.host}/lib/app:2`, "http");
      assert.equal(other.code, 254);
      assert.match(other.said, /tag/);
    });

    const pushTag = async (tag: string): Promise<void> => {
      const url = (reference: string) => `${registry.server}/v2/lib/app/manifests/${reference}`;
      const found = await fetch(url("1"), { headers: { accept: manifestType } });
      const headers = { "content-type": manifestType };
      const reply = await fetch(url(tag), { method: "PUT", headers, body: await found.text() });
      assert.equal(reply.status, 201);
    };

    it("killed in the middle of a layer, shows nothing of it, and the next run continues where it was", async () => {
      const slow = await holdBack(registry.server, 3 << 20);
      try {
        const reference = `docker://${slow.host}/lib/app:1`;
        let pid = 0;
        const killed = fetchImage(reference, "image,http", (started) => {
          pid = started;
        });
        await eventually(
          "some of the layer is here",
          () => someOf(join(folder, "data", "cas", "tmp"), 1 << 20),
          {
            seconds: 60,
            everyMilliseconds: 20,
          },
        );
        process.kill(pid, "SIGKILL");
        assert.equal((await killed).code, 255);
        assert.deepEqual(await readdir(join(folder, "data", "cas", "image")), []);
        slow.letGo();
        const again = await fetchImage(reference, "image,http");
        assert.equal(again.code, 0, again.said);
        const from = Number(/^bytes=(\d+)-$/.exec(slow.ranges.at(-1) ?? "")?.[1] ?? 0);
        assert.ok(from >= 1 << 20, `from ${from}`);
        assert.deepEqual(await readdir(join(folder, "data", "cas", "tmp")), []);
      } finally {
        slow.end();
      }
    });
  });
});

async function someOf(temporary: string, least: number): Promise<void> {
  for (const name of await readdir(temporary)) {
    if (name.includes("download") && (await stat(join(temporary, name))).size >= least) return;
  }
  throw new Error("not yet");
}

interface SlowServer {
  readonly host: string;
  /** What parts of blobs were asked for. */
  readonly ranges: (string | undefined)[];
  letGo(): void;
  end(): void;
}

/** A registry as it is, but for large blobs, of which no more than so many bytes come. */
async function holdBack(origin: string, most: number): Promise<SlowServer> {
  let holding = true;
  const ranges: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    const { method, headers, url = "" } = request;
    const passedOn = ask(`${origin}${url}`, { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 500, reply.headers);
      if (!url.includes("/blobs/")) return void reply.pipe(response);
      if (Number(reply.headers["content-length"]) > most) ranges.push(headers.range);
      let passed = 0;
      reply.on("data", (piece: Buffer) => {
        if (holding && passed + piece.length > most) return;
        passed += piece.length;
        response.write(piece);
      });
      reply.on("end", () => {
        if (!holding || passed <= most / 2) response.end();
      });
    });
    passedOn.on("error", () => response.destroy());
    passedOn.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return {
    host: `127.0.0.1:${address.port}`,
    ranges,
    letGo: () => {
      holding = false;
    },
    end: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
