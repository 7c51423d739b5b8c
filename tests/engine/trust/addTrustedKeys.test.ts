import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PassThrough } from "node:stream";
import {
  addTrustedKeys,
  type TrustRequest,
  type TrustSurroundings,
} from "../../../engine/trust/addTrustedKeys.ts";
import { keysTrustedFor } from "../../../engine/trust/keyFolders.ts";
import { openTrustStore } from "../../../engine/trust/openTrustStore.ts";
import { askOnTerminal } from "../../../engine/trust/review.ts";
import { runProcess, succeeded } from "../../support/process.ts";
import { GpgHome } from "./gpgHome.ts";
import { type Heard, listening, refused, streamOf } from "./verification.ts";

describe("rkt trust", function () {
  this.timeout(60_000);
  let home: GpgHome;
  let fingerprint: string;
  let folder: string;
  let file: string;
  let heard: Heard;
  let printed: string[];
  let around: TrustSurroundings;

  before(async () => {
    home = await GpgHome.make();
    fingerprint = await home.makeKey("Test Signer <t@example.com>");
  });
  after(() => home.remove());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "trust-"));
    file = join(folder, "key.gpg");
    await writeFile(file, await home.export("t@example.com", false));
    heard = listening();
    printed = [];
    around = {
      folders: { local: join(folder, "etc") },
      report: heard,
      print: (line) => void printed.push(line),
      ask: undefined,
      discoverKeys: () => Promise.resolve([]),
    };
  });
  afterEach(() => rm(folder, { recursive: true }));

  const answering = (...answers: string[]): TrustSurroundings => ({
    ...around,
    ask: (line) => {
      printed.push(line);
      return Promise.resolve(answers.shift());
    },
  });
  const request = (more: Partial<TrustRequest>): TrustRequest => ({ locations: [file], ...more });
  const stored = (scope: string): string => join(folder, "etc", "trustedkeys", scope, fingerprint);

  it("stores a key for a prefix under its fingerprint, after a person said yes", async () => {
    const written = await addTrustedKeys(request({ prefix: "example.com/team" }), answering("maybe", "yes"));
    const path = stored("prefix.d/example.com/team");
    assert.deepEqual(written, [path]);
    const spaced =
      /gpg key fingerprint is: ((?:[0-9A-F]{4} ){4}[0-9A-F]{4} {2}(?:[0-9A-F]{4} ){4}[0-9A-F]{4})$/.exec(
        printed[0] ?? "",
      );
    assert.equal(spaced?.[1]?.replaceAll(" ", "").toLowerCase(), fingerprint);
    assert.deepEqual(printed.slice(1), [
      "\tTest Signer <t@example.com>",
      "Are you sure you want to trust this key (yes/no)?",
      "Please enter 'yes' or 'no'",
      "Are you sure you want to trust this key (yes/no)?",
      `Trusting "${file}" for prefix "example.com/team" after fingerprint review.`,
      `Added key for prefix "example.com/team" at "${path}"`,
    ]);
    assert.deepEqual(heard.lines, [`pubkey: prefix: "example.com/team"\nkey: "${file}"`]);
  });

  it("stores what upstream and gpg can read, in folders that rkt-admin may write", async () => {
    await addTrustedKeys(request({ root: true, skipFingerprintReview: true }), around);
    const path = stored("root.d");
    assert.match(await readFile(path, "utf8"), /^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
    assert.match(
      await home.run(["--with-colons", "--show-keys", path]),
      new RegExp(fingerprint.toUpperCase()),
    );
    assert.equal((await stat(path)).mode & 0o7777, 0o644);
    for (const part of ["trustedkeys", "trustedkeys/root.d"]) {
      assert.equal((await stat(join(folder, "etc", part))).mode & 0o7777, 0o2775);
    }
    assert.deepEqual(await readdir(join(path, "..")), [fingerprint]);
    assert.deepEqual(printed.slice(-2), [
      `Trusting "${file}" for prefix "" without fingerprint review.`,
      `Added root key at "${path}"`,
    ]);
  });

  it("makes the images that the key signs verify", async () => {
    const content = Buffer.from("an image");
    const signature = await home.sign(content, { by: ["t@example.com"] });
    const folders = { system: join(folder, "usr"), local: join(folder, "etc") };
    const store = await openTrustStore(folders, heard);
    await refused(store.verifyDetached("example.com/app", streamOf(content), signature), /unknown entity/);
    await addTrustedKeys(request({ prefix: "example.com/*", skipFingerprintReview: true }), around);
    await store.verifyDetached("example.com/app", streamOf(content), signature);
  });

  it("passes over what a killed run left, and clears it away with the next one", async () => {
    await addTrustedKeys(request({ root: true, skipFingerprintReview: true }), around);
    const path = stored("root.d");
    // No process has that number: it is above what the kernel gives out.
    await writeFile(`${path}.999999999-1.new`, "-----BEGIN PGP PUB");
    const running = `${path}.${process.pid}-999.new`;
    await writeFile(running, "");
    const folders = { system: join(folder, "usr"), local: join(folder, "etc") };
    assert.equal((await keysTrustedFor("example.com/app", folders, heard)).length, 1);
    assert.ok(!heard.lines.join("\n").includes("ignoring"));
    await addTrustedKeys(request({ root: true, skipFingerprintReview: true }), around);
    assert.deepEqual(await readdir(join(path, "..")), [fingerprint, basename(running)]);
  });

  it("stores nothing when a person says no", async () => {
    const written = await addTrustedKeys(request({ prefix: "example.com" }), answering("no"));
    assert.deepEqual(written, []);
    assert.equal(heard.lines.at(-1), `pubkey: not trusting "${file}"`);
    await assert.rejects(stat(stored("prefix.d/example.com")));
  });

  it("stores nothing without a terminal or consent", async () => {
    await refused(
      addTrustedKeys(request({ prefix: "example.com" }), around),
      /^error adding keys: error reviewing key: unable to ask user to review fingerprint due to lack of tty$/,
    );
    assert.deepEqual(heard.lines.slice(1), [
      'pubkey: To trust the key for "example.com", do one of the following:',
      "pubkey:  - call rkt with --trust-keys-from-https",
      'pubkey:  - run: rkt trust --prefix "example.com"',
    ]);
    await assert.rejects(stat(join(folder, "etc")));
  });

  it("asks nobody when either end is no terminal", () => {
    const terminal = (isTTY: boolean): PassThrough & { isTTY: boolean } =>
      Object.assign(new PassThrough(), { isTTY });
    assert.equal(askOnTerminal(terminal(false), terminal(true)), undefined);
    assert.equal(askOnTerminal(terminal(true), terminal(false)), undefined);
    assert.ok(askOnTerminal(terminal(true), terminal(true)));
  });

  it("reads an answer from the terminal, and knows when it was closed", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = Object.assign(new PassThrough(), { isTTY: true });
    const ask = askOnTerminal(input, output);
    const answer = ask?.("sure?");
    input.write("yes\n");
    assert.equal(await answer, "yes");
    assert.equal(String(output.read()), "sure?\n");
    const end = ask?.("really?");
    input.end();
    assert.equal(await end, undefined);
  });

  it("wants a prefix or the root, and not both", async () => {
    await refused(
      addTrustedKeys(request({}), around),
      /^aborting due to implicit unbounded trust \(root domain\)\n/,
    );
    await refused(
      addTrustedKeys(request({ root: true, prefix: "example.com" }), around),
      /^--root and --prefix usage mutually exclusive$/,
    );
  });

  it("says what is wrong with a location", async () => {
    const skipFingerprintReview = true;
    const from = (location: string): Promise<unknown> =>
      addTrustedKeys({ locations: [location], root: true, skipFingerprintReview }, around);
    await refused(from("/absent"), /^error adding keys: open \/absent: no such file or directory$/);
    await refused(from("ftp://example.com/key"), /only local files and http or https URLs supported$/);
    await refused(from("http://example.com/key"), /--insecure-allow-http required for http URLs$/);
    await writeFile(file, "no key");
    await refused(from(file), /key\.gpg holds no OpenPGP public key$/);
  });

  it("refuses a secret key, a revoked one and one that is too short, and warns of an old or expired one", async () => {
    const from = async (bytes: Uint8Array | string): Promise<unknown> => {
      await writeFile(file, bytes);
      return addTrustedKeys(request({ root: true, skipFingerprintReview: true }), around);
    };
    await refused(
      from(await home.run(["--armor", "--export-secret-keys", fingerprint])),
      /holds a secret key$/,
    );

    await home.makeKey("short@example.com", { algorithm: "rsa1024" });
    await refused(
      from(await home.export("short@example.com")),
      /^error adding keys: openpgp: the key may not sign$/,
    );

    await home.makeKey("crypt@example.com", { algorithm: "rsa2048", usage: "encrypt" });
    await refused(
      from(await home.export("crypt@example.com")),
      /^error adding keys: openpgp: the key may not sign$/,
    );

    await home.makeKey("old@example.com", { algorithm: "dsa1024", options: ["--cert-digest-algo", "SHA1"] });
    await from(await home.export("old@example.com"));
    assert.match(heard.lines.join("\n"), /warning: .* is a DSA key/);
    assert.match(heard.lines.join("\n"), /warning: .* is certified with SHA-1 only/);

    await home.makeKey("expired@example.com", { at: "20200101T000000", expires: "1y" });
    await from(await home.export("expired@example.com"));
    assert.match(heard.lines.join("\n"), /warning: .* expired on 2020-12-31/);
  });

  it("asks discovery for a prefix that comes without locations", async () => {
    const asked: string[] = [];
    const discoverKeys = (prefix: string): Promise<readonly string[]> => {
      asked.push(prefix);
      return Promise.resolve([file]);
    };
    const skipFingerprintReview = true;
    await addTrustedKeys(
      { locations: [], prefix: "example.com", skipFingerprintReview },
      { ...around, discoverKeys },
    );
    assert.deepEqual(asked, ["example.com"]);
    await stat(stored("prefix.d/example.com"));
    await refused(
      addTrustedKeys({ locations: [], prefix: "example.com" }, around),
      /^error determining key location: meta discovery on example\.com resulted in no keys$/,
    );
    await refused(
      addTrustedKeys({ locations: [], root: true }, around),
      /^error determining key location: empty prefix$/,
    );
  });

  describe("from a server", () => {
    let server: Server;
    let url: string;

    beforeEach(async () => {
      const key = await readFile(file);
      server = createServer((incoming, outgoing) => {
        if (incoming.url === "/key") outgoing.end(key);
        else if (incoming.url === "/moved") outgoing.writeHead(302, { location: "/key" }).end();
        else if (incoming.url === "/around") outgoing.writeHead(302, { location: "/around" }).end();
        else if (incoming.url === "/endless") outgoing.end(Buffer.alloc(3 << 20));
        else outgoing.writeHead(404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });

    const from = (path: string, more: Partial<TrustRequest> = {}): Promise<unknown> =>
      addTrustedKeys(
        {
          locations: [`${url}${path}`],
          root: true,
          skipFingerprintReview: true,
          insecureAllowHttp: true,
          ...more,
        },
        around,
      );

    it("takes the key when plain http is allowed", async () => {
      await from("/moved");
      await stat(stored("root.d"));
    });

    it("still wants a review when only https is trusted", async () => {
      await refused(from("/key", { skipFingerprintReview: false, trustKeysFromHttps: true }), /lack of tty$/);
    });

    it("takes it over https without a review where that is trusted, from whom the host knows", async () => {
      const [certificate, secret] = [join(folder, "tls.crt"), join(folder, "tls.key")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
      const made = [
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        secret,
        "-out",
        certificate,
      ];
      succeeded(await runProcess("openssl", ["req", ...made, ...subject]), "openssl req");
      const options = { key: await readFile(secret), cert: await readFile(certificate) };
      const key = await readFile(file);
      const secured = createSecureServer(options, (_, outgoing) => outgoing.end(key));
      await new Promise<void>((resolve) => secured.listen(0, "127.0.0.1", resolve));
      try {
        const location = `https://127.0.0.1:${(secured.address() as AddressInfo).port}/key`;
        const trusting = (skipTlsCheck: boolean): Promise<unknown> =>
          addTrustedKeys(
            { locations: [location], root: true, trustKeysFromHttps: true, skipTlsCheck },
            around,
          );
        await refused(trusting(false), /certificate/);
        await trusting(true);
        await stat(stored("root.d"));
      } finally {
        secured.closeAllConnections();
        secured.close();
      }
    });

    it("gives up on what is no key", async () => {
      await refused(from("/absent"), /bad HTTP status code: 404$/);
      await refused(from("/around"), /redirects more than 10 times$/);
      await refused(from("/endless"), /the answer is larger than anything of its kind$/);
    });
  });
});
