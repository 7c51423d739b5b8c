/** Trust on a machine as it is: the commands of docs/trust.md, a large image, and the group that may add keys. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { openTrustStore } from "../../../engine/trust/openTrustStore.ts";
import type { Signer } from "../../../engine/trust/trustStore.ts";
import { blocksOf, documentNamed, PROJECT } from "../../docs/markdown.ts";
import { GpgHome } from "../../engine/trust/gpgHome.ts";
import { listening, refused } from "../../engine/trust/verification.ts";
import { runProcess, succeeded } from "../../support/process.ts";

describe("trust", function () {
  this.timeout(120_000);
  let folder: string;
  let home: GpgHome;

  before(async () => {
    home = await GpgHome.make();
    folder = await mkdtemp(join(tmpdir(), "trust-"));
    await chmod(folder, 0o755);
  });
  after(async () => {
    await home.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const storeIn = (local: string): ReturnType<typeof openTrustStore> =>
    openTrustStore({ system: join(folder, "usr"), local }, listening());

  describe("by the commands of docs/trust.md", () => {
    const blocks = blocksOf(documentNamed("docs/trust.md"), "sh");
    const blockWith = (text: string): string => {
      const block = blocks.find((each) => each.includes(text));
      assert.ok(block !== undefined, `docs/trust.md has no block with ${text}`);
      return block;
    };
    const inShell = async (script: string): Promise<string> => {
      const folders = ["dir=data", "local-config=etc", "system-config=usr"].map(
        (each) => `--${each.replace("=", `=${folder}/`)}`,
      );
      const rkt = [process.execPath, join(PROJECT, "engine/main.ts"), ...folders].join(" ");
      const unattended = [
        'gpg() { command gpg --batch --yes --pinentry-mode loopback --passphrase "" "$@"; }',
        // The person at the terminal, who compared the fingerprint and answers yes.
        `rkt() { if [ "$1" = trust ]; then echo yes | script -qefc "${rkt} $*" /dev/null; else ${rkt} "$@" 2>&1; fi; }`,
      ];
      const env = { GNUPGHOME: home.folder, LC_ALL: "C" };
      const all = ["-euo", "pipefail", "-c", [`cd ${folder}`, ...unattended, script].join("\n")];
      return succeeded(await runProcess("bash", all, { env }), script);
    };

    it("makes a key, signs an ACI, trusts the key and fetches the ACI", async () => {
      const manifest = { acKind: "ImageManifest", acVersion: "0.8.11", name: "example.com/team/app" };
      await mkdir(join(folder, "rootfs"));
      await writeFile(join(folder, "manifest"), JSON.stringify(manifest));
      await inShell("tar --create --file app.aci manifest rootfs");
      await inShell(blockWith("--quick-generate-key"));
      await inShell(blockWith("--detach-sign"));

      const script = blockWith("rkt trust");
      const [untrusted = "", ...rest] = script
        .split("\n")
        .toReversed()
        .filter((line) => line !== "");
      assert.match(untrusted, /^rkt fetch /);
      assert.equal(rest.length, 1);
      const before = await inShell(`! ${untrusted}`);
      assert.match(before, /^fetch: openpgp: signature made by unknown entity$/m);
      assert.match(before, /^image: {5}rkt trust --prefix <image>$/m);

      const said = await inShell(script);
      const [, fingerprint = ""] = /gpg key fingerprint is: ([0-9A-F ]+)/.exec(said) ?? [];
      assert.match(
        await inShell("gpg --fingerprint images@example.com"),
        new RegExp(fingerprint.replaceAll(/ +/g, " +")),
      );
      assert.match(said, /^image: signature verified:\r?\n {2}Example Team <images@example\.com>/m);
      assert.match(said, /^sha512-[0-9a-f]{32}$/m);
      const listed = await inShell(blockWith("ls /etc/rkt").replace("/etc/rkt", join(folder, "etc")));
      assert.equal(listed.trim(), fingerprint.replaceAll(" ", "").toLowerCase());
    });

    it("signs an OCI image with no more than gpg, which is refused without a policy and fetched with one", async () => {
      const script = blockWith("atomic container signature");
      const [, reference = ""] = /^image=(\S+)$/m.exec(script) ?? [];
      const digest = await writeLayout(join(folder, "layout"), reference);
      const fetch = "rkt fetch oci:layout";
      assert.match(
        await inShell(`! ${fetch}`),
        /^fetch: no image policy says who may sign registry\.example\.com\/team\/app \(try --insecure-options=image\)$/m,
      );

      await inShell(script.replace(/^digest=.*$/m, `digest=${digest}`));
      const policies = join(folder, "etc", "trust.d");
      const lookaside = join(folder, "lookaside");
      const place = join(lookaside, `team/app@${digest.replace(":", "=")}`);
      await mkdir(policies, { recursive: true });
      await mkdir(place, { recursive: true });
      await inShell(`gpg --export images@example.com > ${policies}/team.gpg`);
      const policy = blocksOf(documentNamed("docs/trust.md"), "json").find((each) =>
        each.includes("simpleSigning"),
      );
      await writeFile(
        join(policies, "team.json"),
        (policy ?? "").replace("https://signatures.example.com", lookaside),
      );
      assert.match(await inShell(`! ${fetch}`), /got: +no signature in /);

      await inShell(`cp signature-1 '${place}/signature-1'`);
      const said = await inShell(fetch);
      assert.match(said, /^image: signature verified:\n {2}Example Team <images@example\.com>$/m);
      assert.match(said, /^sha512-[0-9a-f]{32}$/m);
    });
  });

  // The others are in the unit tests; these take gpg seconds to make.
  for (const [algorithm, name] of [
    ["rsa4096", "RSA 4096"],
    ["dsa1024", "DSA 1024"],
    ["dsa2048", "DSA 2048"],
    ["nistp521", "ECDSA P-521"],
  ] as const) {
    it(`believes what gpg signs with ${name}, and nothing else`, async () => {
      const by = [`${algorithm}@example.com`];
      const fingerprint = await home.makeKey(`${algorithm}@example.com`, { algorithm });
      const local = join(folder, `${algorithm}-etc`);
      await mkdir(join(local, "trustedkeys", "root.d"), { recursive: true });
      await writeFile(
        join(local, "trustedkeys", "root.d", "key"),
        await home.export(`${algorithm}@example.com`),
      );
      // A short DSA key makes gpg choose SHA-1, which is refused.
      const signature = await home.sign(Buffer.from("an image"), {
        by,
        options: ["--digest-algo", "SHA512"],
      });
      const store = await storeIn(local);
      const verify = (content: string): Promise<Signer> =>
        store.verifyDetached("example.com/app", Readable.from([Buffer.from(content)]), signature);
      assert.equal((await verify("an image")).key, fingerprint);
      await refused(verify("another image"), /hash tag doesn't match|verification failure/);
    });
  }

  it("verifies 200 MB with little more work than hashing them, and without holding them", async () => {
    const image = join(folder, "large");
    const file = await open(image, "w");
    const piece = Buffer.alloc(1 << 20, "content ");
    for (let written = 0; written < 200; written++) await file.write(piece);
    await file.close();
    await home.makeKey("large@example.com", { algorithm: "rsa4096" });
    await home.run([
      "--digest-algo",
      "SHA512",
      "--output",
      `${image}.asc`,
      "--local-user",
      "large@example.com",
      "--detach-sign",
      image,
    ]);
    const local = join(folder, "large-etc");
    await mkdir(join(local, "trustedkeys", "root.d"), { recursive: true });
    await writeFile(
      join(local, "trustedkeys", "root.d", "large.gpg"),
      await home.export("large@example.com"),
    );
    const signature = await readFile(`${image}.asc`);
    const store = await storeIn(local);
    const pieces = { highWaterMark: 1 << 20 };
    // Once before, so that the library is loaded and both runs find the file in memory.
    await store.verifyDetached("example.com/large", createReadStream(image, pieces), signature);

    const hashing = await worked(async () => {
      const hash = createHash("sha512");
      for await (const chunk of createReadStream(image, pieces))
        if (Buffer.isBuffer(chunk)) hash.update(chunk);
      hash.digest();
    });
    const before = process.memoryUsage().rss;
    const verifying = await worked(() =>
      store.verifyDetached("example.com/large", createReadStream(image, pieces), signature),
    );
    const grown = process.memoryUsage().rss - before;
    console.log(
      `      hashing ${Math.round(hashing)} ms, verifying ${Math.round(verifying)} ms of processor; memory grew by ${Math.round(grown / (1 << 20))} MiB`,
    );
    // Processor time, which other processes do not lengthen as they do the clock's.
    assert.ok(verifying < hashing + 500, `${verifying} ms against ${hashing} ms`);
    assert.ok(grown < 100 << 20, `${grown} bytes`);
  });

  it("lets the group of the configuration's folder add keys, and nobody else", async function () {
    if (process.getuid?.() !== 0) this.skip();
    const [admins, nobody] = [4242, 65534];
    const local = join(folder, "admin-etc");
    await mkdir(local);
    await chown(local, 0, admins);
    await chmod(local, 0o2775);
    await home.makeKey("admin@example.com");
    const key = join(folder, "admin.gpg");
    await writeFile(key, await home.export("admin@example.com"));
    const refusal = await asUser(nobody, nobody, local, [key]);
    assert.notEqual(refusal.code, 0);
    assert.match(refusal.stderr, /permission denied|EACCES/i);
    assert.match(refusal.stderr, /rkt-admin/);

    succeeded(await asUser(nobody, admins, local, [key]), "rkt trust as a member of the group");
    const prefixes = await stat(join(local, "trustedkeys", "prefix.d", "example.com", "team"));
    assert.equal(prefixes.gid, admins);
    assert.equal(prefixes.mode & 0o7777, 0o2775);
    succeeded(await asUser(nobody - 1, admins, local, [key]), "rkt trust as another member");
  });
});

/** An OCI layout of one image without files; gives back its manifest's digest. */
async function writeLayout(layout: string, reference: string): Promise<string> {
  const blobs = join(layout, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(blobs, hex), bytes);
    return {
      mediaType: `application/vnd.oci.image.${mediaType}`,
      digest: `sha256:${hex}`,
      size: bytes.length,
    };
  };
  const json = (content: unknown): Buffer => Buffer.from(JSON.stringify(content));
  // Two blocks of nothing are an empty archive.
  const archive = Buffer.alloc(1024);
  const layer = await put(archive, "layer.v1.tar");
  const rootfs = { type: "layers", diff_ids: [layer.digest] };
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const config = await put(
    json({ architecture, os: "linux", config: { Cmd: ["/bin/true"] }, rootfs }),
    "config.v1+json",
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await put(
    json({ schemaVersion: 2, mediaType, config, layers: [layer] }),
    "manifest.v1+json",
  );
  const annotations = { "org.opencontainers.image.ref.name": reference };
  await writeFile(join(layout, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  await writeFile(
    join(layout, "index.json"),
    json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  return manifest.digest;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function worked(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** `rkt trust --skip-fingerprint-review` with these locations, by another user and group. */
function asUser(
  uid: number,
  gid: number,
  local: string,
  locations: readonly string[],
): ReturnType<typeof runProcess> {
  const program = join(PROJECT, "tests/integration/engine/trustAsUser.ts");
  return runProcess(process.execPath, [program, String(uid), String(gid), local, ...locations]);
}
