import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { generateKey } from "openpgp";
import { buildImage, type BuildRequest } from "../../../engine/build/buildImage.ts";
import { packTree } from "../../../engine/build/packTree.ts";
import { copiedSource } from "../../../engine/build/copySource.ts";
import { ImageTree } from "../../../engine/build/imageTree.ts";
import type { EngineContext } from "../../../engine/context.ts";
import { nothingInsecure } from "../../../engine/insecureOptions.ts";
import { openParts } from "../../../engine/pods/openParts.ts";

describe("building an image", function () {
  this.timeout(30_000);
  let folder = "";
  let warnings: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rktnetes-build-"));
    warnings = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const at = (...parts: string[]): string => join(folder, ...parts);
  const put = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
    chmodSync(at(path), mode);
  };
  const context = (): EngineContext => ({
    folders: { data: at("data"), system: at("usr"), local: at("etc"), library: at("library") },
    configuration: { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1: {} },
    insecure: { ...nothingInsecure, image: true },
    trustKeysFromHttps: false,
    debug: false,
    report: {
      line: () => undefined,
      warn: (text) => void warnings.push(text),
      debug: () => undefined,
      progress: () => undefined,
    },
  });
  const build = (description: string, more: Partial<BuildRequest> = {}): Promise<string> => {
    writeFileSync(at("image.yaml"), description);
    return buildImage(openParts(context()), {
      description: at("image.yaml"),
      output: at("image.aci"),
      overwrite: true,
      network: "none",
      dns: [],
      engine: { program: process.execPath, args: [], data: at("data") },
      ...more,
    });
  };
  const listed = (image = "image.aci"): string =>
    execFileSync(
      "tar",
      ["--list", "--verbose", "--gzip", "--numeric-owner", "--utc", "--full-time", "--file", at(image)],
      {
        encoding: "utf8",
      },
    );

  const description = `
name: example.com/app
exec: [/bin/app]
steps:
  - copy: app
    to: /bin/app
  - copy: data
    to: /srv
    uid: 33
    gid: 34
  - write: "hello\\n"
    to: /etc/motd
    mode: "0600"
  - link: motd
    to: /etc/issue
  - folder: /var/tmp
    mode: "1777"
`;

  it("makes the same bytes of the same inputs, whatever the umask, the clock and the order on disk", async () => {
    put("app", "#!/bin/true\n", 0o755);
    put("data/b", "b");
    put("data/a", "a");
    const id = await build(description);
    const bytes = readFileSync(at("image.aci"));
    rmSync(at("data", "a"));
    put("data/a", "a", 0o600);
    chmodSync(at("app"), 0o711);
    utimesSync(at("app"), 1, 1);
    assert.equal(await build(description, { output: at("again.aci") }), id);
    assert.deepEqual(readFileSync(at("again.aci")), bytes);
    // Permissions, owner, bytes, time and name of each; how long the manifest is says nothing here.
    const lines = listed().trim().split("\n");
    assert.deepEqual(
      lines.slice(1).map((line) => line.replace(/\s+/g, " ").replace(" 1970-01-01 00:00:00 ", " ")),
      [
        "drwxr-xr-x 0/0 0 rootfs/",
        "drwxr-xr-x 0/0 0 rootfs/bin/",
        "-rwxr-xr-x 0/0 12 rootfs/bin/app",
        "drwxr-xr-x 0/0 0 rootfs/etc/",
        "lrwxrwxrwx 0/0 0 rootfs/etc/issue -> motd",
        "-rw------- 0/0 6 rootfs/etc/motd",
        "drwxr-xr-x 33/34 0 rootfs/srv/",
        "-rw-r--r-- 33/34 1 rootfs/srv/a",
        "-rw-r--r-- 33/34 1 rootfs/srv/b",
        "drwxr-xr-x 0/0 0 rootfs/var/",
        "drwxrwxrwt 0/0 0 rootfs/var/tmp/",
      ],
    );
  });

  it("gives files the time that is said, and that of SOURCE_DATE_EPOCH before it", async () => {
    const timed = "{ name: example.com/a, time: 2024-05-01T00:00:00Z }";
    await build(timed);
    assert.match(listed(), /2024-05-01 00:00:00 manifest/);
    await build(timed, { sourceDate: "86400" });
    assert.match(listed(), /1970-01-02 00:00:00 manifest/);
    await assert.rejects(build(timed, { sourceDate: "now" }), /SOURCE_DATE_EPOCH is no time/);
  });

  it("copies nothing that a link leads to outside of the description's folder", async () => {
    mkdirSync(at("context", "tree"), { recursive: true });
    put("secret", "secret");
    symlinkSync("../secret", at("context", "link"));
    symlinkSync("..", at("context", "way"));
    symlinkSync("../../secret", at("context", "tree", "up"));
    symlinkSync("/etc/shadow", at("context", "tree", "absolute"));
    symlinkSync("file", at("context", "tree", "fine"));
    const step = { does: "copy", to: "/x", keep: false, uid: 0, gid: 0 } as const;
    const copy = (source: string): Promise<unknown> =>
      copiedSource(at("context"), { ...step, source }, () => undefined);
    for (const source of ["link", "way/secret"]) {
      await assert.rejects(copy(source), /a link leads out of the description's folder[\s\S]*got: .*secret/);
    }
    await assert.rejects(copy("tree"), (error: Error) => {
      assert.match(error.message, /2 files cannot be in an image/);
      assert.match(error.message, /tree\/up: a link leads out/);
      assert.match(error.message, /tree\/absolute: a link leads out/);
      assert.doesNotMatch(error.message, /fine/);
      return true;
    });
  });

  it("refuses sockets and pipes with their paths", async () => {
    mkdirSync(at("tree"));
    execFileSync("mkfifo", [at("tree", "pipe")]);
    const server = createServer().listen(at("tree", "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const refused = build("{ name: example.com/a, steps: [{ copy: tree, to: /x }] }");
      await assert.rejects(refused, (error: Error) => {
        assert.match(error.message, /steps\[0\]\.copy: 2 files cannot be in an image/);
        assert.match(error.message, /tree\/pipe: that cannot be in an image\n.*a pipe/);
        assert.match(error.message, /tree\/socket: that cannot be in an image\n.*a socket/);
        return true;
      });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("refuses a file that changed after it was looked at, and leaves no image", async () => {
    put("file", "one");
    const tree = new ImageTree();
    const step = { does: "copy", source: "file", to: "/x", keep: false, uid: 0, gid: 0 } as const;
    const copied = await copiedSource(folder, step, () => undefined);
    assert.ok(copied.kind === "file");
    tree.put("/x", copied);
    writeFileSync(at("file"), "two");
    await assert.rejects(async () => {
      for await (const piece of packTree("{}", tree, 0)) assert.ok(piece.length >= 0);
    }, /file: the file changed while the image was built/);
  });

  it("says which step names what is not there", async () => {
    const two = "{ name: example.com/a, steps: [{ write: a, to: /a }, { copy: absent, to: /b }] }";
    await assert.rejects(build(two), /steps\[1\]\.copy: .*absent: no such file or directory/);
    assert.ok(!existsSync(at("image.aci")));
    assert.deepEqual(execFileSync("ls", ["--almost-all", folder], { encoding: "utf8" }).trim().split("\n"), [
      "image.yaml",
    ]);
  });

  it("replaces no file that is there, unless it is told to", async () => {
    writeFileSync(at("image.aci"), "mine");
    writeFileSync(at("image.aci.asc"), "of mine");
    await assert.rejects(
      build("name: example.com/a", { overwrite: false }),
      /output ACI file exists \(try --overwrite\)/,
    );
    assert.equal(readFileSync(at("image.aci"), "utf8"), "mine");
    await build("name: example.com/a");
    assert.ok(statSync(at("image.aci")).size > 100);
    assert.ok(!existsSync(at("image.aci.asc")), "another image's signature lies beside it");
  });

  describe("with a private key in a file", () => {
    const key = async (passphrase?: string): Promise<void> => {
      const { privateKey, publicKey } = await generateKey({
        type: "ecc",
        curve: "ed25519Legacy",
        userIDs: [{ name: "Builder", email: "b@example.com" }],
        format: "armored",
        ...(passphrase !== undefined && { passphrase }),
      });
      put("key", privateKey, 0o600);
      put("etc/trustedkeys/prefix.d/example.com/key", publicKey);
    };

    it("signs it as fetch wants it", async () => {
      await key();
      const id = await build("name: example.com/signed", { sign: { from: "file", path: at("key") } });
      const signed = { ...context(), insecure: nothingInsecure };
      const { record } = await openParts(signed).fetch({ image: at("image.aci") }, "update");
      assert.equal(record.id, id);
      assert.equal(record.verification.by, "openpgp");
      assert.deepEqual(
        warnings.filter((text) => /private key/.test(text)),
        [],
      );
    });

    it("warns where others may read it, and asks for no passphrase itself", async () => {
      await key();
      chmodSync(at("key"), 0o644);
      await build("name: example.com/signed", { sign: { from: "file", path: at("key") } });
      assert.ok(warnings.some((text) => /others than its owner may read the private key/.test(text)));
      await key("secret");
      await assert.rejects(
        build("name: example.com/signed", { sign: { from: "file", path: at("key") } }),
        /protected by a passphrase\n.*gpg --import/,
      );
      put("key", "no key");
      await assert.rejects(
        build("name: example.com/signed", { sign: { from: "file", path: at("key") } }),
        /that is no private key of OpenPGP/,
      );
    });
  });

  describe("as root", () => {
    beforeEach(function () {
      if (process.geteuid?.() !== 0) this.skip();
    });

    it("keeps what a tree is made of: owners, modes, links, capabilities, and not its devices", async () => {
      mkdirSync(at("root", "dev"), { recursive: true });
      put("root/bin/ping", "ping", 0o4755);
      linkSync(at("root/bin/ping"), at("root/bin/ping6"));
      symlinkSync("/bin", at("root", "sbin"));
      execFileSync("chown", ["7:8", at("root/bin/ping")]);
      chmodSync(at("root/bin/ping"), 0o4755);
      utimesSync(at("root/bin/ping"), 86_400, 86_400);
      execFileSync("setfattr", ["-n", "user.note", "-v", "kept", at("root/bin/ping")]);
      execFileSync("mknod", [at("root/dev/null"), "c", "1", "3"]);
      await build("{ name: example.com/a, time: 172800, steps: [{ copy: root, to: /, keep: true }] }");
      assert.match(listed(), /-rwsr-xr-x 7\/8 +4 1970-01-02 00:00:00 rootfs\/bin\/ping$/m);
      assert.match(listed(), /rootfs\/bin\/ping6 link to rootfs\/bin\/ping$/m);
      assert.match(listed(), /rootfs\/sbin -> \/bin$/m);
      assert.doesNotMatch(listed(), /null/);
      mkdirSync(at("out"));
      execFileSync("tar", ["-xzf", at("image.aci"), "--xattrs", "--xattrs-include=*", "-C", at("out")]);
      assert.match(
        execFileSync("getfattr", ["-d", at("out/rootfs/bin/ping")], { encoding: "utf8", stdio: "pipe" }),
        /user\.note="kept"/,
      );
    });

    it("builds upon an image, whose dependencies become part of the new one", async () => {
      put("file", "below", 0o644);
      await build(
        "{ name: example.com/base, exec: [/a], steps: [{ copy: file, to: /usr/bin/below }, { link: usr/bin, to: /bin }] }",
      );
      await build(
        "{ from: ./image.aci, name: example.com/upon, steps: [{ write: new, to: /bin/new }, { remove: /bin/below }] }",
        {
          output: at("upon.aci"),
        },
      );
      assert.deepEqual(
        listed("upon.aci")
          .trim()
          .split("\n")
          .map((line) => line.replace(/^.*:00 /, "")),
        [
          "manifest",
          "rootfs/",
          "rootfs/bin -> usr/bin",
          "rootfs/usr/",
          "rootfs/usr/bin/",
          "rootfs/usr/bin/new",
        ],
      );
    });

    it("runs no step in an image whose dependencies are not there yet", async () => {
      const both =
        "{ name: example.com/a, dependencies: [{ imageName: example.com/b }], steps: [{ run: [a] }] }";
      await assert.rejects(build(both), /steps\[0\]\.run: a step cannot run in an image whose dependencies/);
    });
  });
});
