import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { discoverKeys } from "../../../../engine/images/discovery/discover.ts";
import { trustDiscoveredKeys } from "../../../../engine/images/discovery/discoveredKeys.ts";
import { nothingInsecure } from "../../../../engine/insecureOptions.ts";
import { archiveOf } from "../unpack/archive.ts";
import { architectureHere } from "../registry/fakeRegistry.ts";
import { Bench, signatureOf } from "../bench.ts";
import { answers, serves } from "../serving.ts";
import { GpgHome } from "../../trust/gpgHome.ts";
import { World } from "./world.ts";

const arch = architectureHere() === "arm64" ? "aarch64" : architectureHere();

function aci(name: string, version: string, dependencies: readonly object[] = []): Buffer {
  const labels = { version, os: "linux", arch };
  const manifest = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name,
    labels: Object.entries(labels).map(([label, value]) => ({ name: label, value })),
    dependencies,
  };
  return archiveOf([
    { name: "manifest", content: JSON.stringify(manifest) },
    { name: "rootfs/", type: "5" },
  ]);
}

const page = (...tags: [string, string][]) =>
  serves(
    Buffer.from(tags.map(([name, content]) => `<meta name="${name}" content="${content}">`).join("\n")),
    { "content-type": "text/html" },
  );

describe("fetching an image by its name", () => {
  let bench: Bench;
  let world: World;

  beforeEach(async () => {
    bench = await Bench.set();
    world = await World.create("example.com", "storage.example.org");
    bench.options = { ...bench.options, authorities: [world.identity.cert] };
  });

  afterEach(async () => {
    await world.end();
    bench.clear();
  });

  const publish = (url: string, name: string, content: Buffer): void => {
    world.pages.set(url, serves(content));
    world.pages.set(`${url}.asc`, serves(signatureOf(name, content)));
  };

  it("looks by the simple rule first", async () => {
    publish(
      `https://example.com/app-1.0-linux-${arch}.aci`,
      "example.com/app",
      aci("example.com/app", "1.0"),
    );
    const { record, manifest } = await bench.fetch("example.com/app:1.0");
    assert.equal(manifest.name, "example.com/app");
    assert.equal(record.latest, false);
    assert.ok(!world.asked.some((asked) => asked.includes("ac-discovery")));
  });

  it("then by what the page of the name says, and of the names above it", async () => {
    const template = "example.com https://storage.example.org/{os}/{arch}/{name}-{version}.{ext}";
    world.pages.set("https://example.com/", page(["ac-discovery", template]));
    const url = `https://storage.example.org/linux/${arch}/example.com/a/b-latest.aci`;
    publish(url, "example.com/a/b", aci("example.com/a/b", "7"));
    const { record } = await bench.fetch("example.com/a/b");
    assert.equal(record.latest, true);
    assert.deepEqual(
      world.asked.filter((asked) => asked.includes("ac-discovery")),
      ["a/b", "a", ""].map((path) => `GET https://example.com/${path}?ac-discovery=1`),
    );
  });

  it("takes no page for an image, and no template that stays open or leads into the clear", async () => {
    world.pages.set(`https://example.com/app-1-linux-${arch}.aci`, page());
    world.pages.set(
      "https://example.com/app",
      page(
        ["ac-discovery", "example.com https://storage.example.org/{unknown}.{ext}"],
        ["ac-discovery", "example.com http://storage.example.org/x.{ext}"],
        ["ac-discovery", "other.com https://storage.example.org/other.{ext}"],
      ),
    );
    await assert.rejects(bench.fetch("example.com/app:1"), /^Fault: discovery failed/);
    assert.ok(!world.asked.some((asked) => asked.includes("storage.example.org")));
  });

  it("says in rkt's words that nothing was found, and what was asked", async () => {
    await assert.rejects(bench.fetch("nowhere.example/app"), (error: Error) => {
      const [first = ""] = error.message.split("\n");
      assert.equal(first, "discovery failed");
      assert.match(error.message, /nowhere\.example\/app/);
      return true;
    });
    await assert.rejects(bench.fetch("nowhere.example/app", { pullPolicy: "never" }), {
      message:
        'unable to fetch image from image name "nowhere.example/app": either image was not found in the store or ' +
        "store was disabled and fetching from remote yielded nothing or it was disabled",
    });
  });

  it("asks in the clear where that was allowed, after it was refused otherwise", async () => {
    publish(`http://example.com/app-1-linux-${arch}.aci`, "example.com/app", aci("example.com/app", "1"));
    await assert.rejects(bench.fetch("example.com/app:1"), /discovery failed/);
    bench.insecure = { ...nothingInsecure, http: true };
    await bench.fetch("example.com/app:1");
    assert.ok(world.asked.includes(`GET http://example.com/app-1-linux-${arch}.aci.asc`));
  });

  it("refuses an image of another name or version than was asked for", async () => {
    const url = `https://example.com/app-1-linux-${arch}.aci`;
    publish(url, "example.com/other", aci("example.com/other", "1"));
    await assert.rejects(bench.fetch("example.com/app:1"), {
      message: 'error when reading the app name: "example.com/app" expected but "example.com/other" found',
    });
    publish(url, "example.com/app", aci("example.com/app", "2"));
    await assert.rejects(
      bench.fetch("example.com/app:1"),
      /requested value for label "version": "1" differs/,
    );
    assert.deepEqual(await bench.store.list(), []);
  });

  it("is found in the store afterwards, and asked for again only to update it", async () => {
    publish(`https://example.com/app-1-linux-${arch}.aci`, "example.com/app", aci("example.com/app", "1"));
    const { record } = await bench.fetch("example.com/app:1");
    const asked = world.asked.length;
    assert.equal((await bench.fetch("example.com/app:1", { pullPolicy: "never" })).record.id, record.id);
    assert.equal((await bench.fetch("example.com/app", { pullPolicy: "new" })).record.id, record.id);
    assert.equal(world.asked.length, asked);
  });

  it("brings what it depends on, and what that depends on, each once and each signed", async () => {
    const on = (name: string) => ({
      imageName: `example.com/${name}`,
      labels: [{ name: "version", value: "1" }],
    });
    const put = (name: string, ...below: string[]): void => {
      const whole = `example.com/${name}`;
      publish(`https://example.com/${name}-1-linux-${arch}.aci`, whole, aci(whole, "1", below.map(on)));
    };
    put("app", "left", "right");
    put("left", "base");
    put("right", "base");
    put("base", "app");
    await bench.fetch("example.com/app:1", { pullPolicy: "new" });
    const names = (await bench.store.list()).map(({ name }) => name).toSorted();
    assert.deepEqual(
      names,
      ["app", "base", "left", "right"].map((name) => `example.com/${name}`),
    );
    assert.equal(world.asked.filter((asked) => /GET .*base.*aci$/.test(asked)).length, 1);
    world.pages.set(`https://example.com/base-1-linux-${arch}.aci.asc`, serves(Buffer.from("no")));
    await assert.rejects(bench.fetch("example.com/app:1"), /signature made by unknown entity/);
  });

  it("proves who asks to the domains that credentials are for, pages included", async () => {
    const secret = { type: "basic", user: "me", password: "x" } as const;
    bench.configuration = { ...bench.configuration, auth: new Map([["example.com", secret]]) };
    const template = "example.com https://storage.example.org/x.{ext}";
    world.pages.set("https://example.com/app", page(["ac-discovery", template]));
    publish("https://storage.example.org/x.aci", "example.com/app", aci("example.com/app", "1"));
    await bench.fetch("example.com/app:1");
    const sent = world.asked.map((asked, index) => [
      asked.includes("//example.com"),
      world.authorizations[index],
    ]);
    for (const [own, authorization] of sent) assert.equal(authorization !== undefined, own);
  });

  it("refuses an os and an architecture that do not run here or anywhere", async () => {
    await assert.rejects(bench.fetch("example.com/app,os=plan9"), /bad os "plan9"/);
    await assert.rejects(bench.fetch("example.com/app,arch=vax"), /bad arch "vax"/);
  });

  it("tells where keys are, for rkt trust", async () => {
    world.pages.set(
      "https://example.com/",
      page(["ac-discovery-pubkeys", "example.com https://storage.example.org/pubkeys.gpg"]),
    );
    const allowed = { allowHttp: false, skipTlsCheck: false };
    assert.deepEqual(await discoverKeys(bench.context, "example.com/app", allowed, bench.options), [
      "https://storage.example.org/pubkeys.gpg",
    ]);
    world.pages.set("https://example.com/", answers(404));
    await assert.rejects(
      discoverKeys(bench.context, "example.com/app", allowed, bench.options),
      /meta discovery on example\.com\/app resulted in no keys/,
    );
  });

  describe("from somebody whose keys nobody trusts yet", () => {
    let home: GpgHome;
    let fingerprint: string;
    const told = (): string => bench.lines.join("\n");
    const kept = (): string => join(bench.folder, "local/trustedkeys/prefix.d/example.com/app", fingerprint);

    before(async () => {
      home = await GpgHome.make();
      fingerprint = await home.makeKey("Team <team@example.com>");
    });
    after(() => home.remove());
    beforeEach(async () => {
      world.pages.set(
        "https://example.com/app",
        page(["ac-discovery-pubkeys", "example.com https://storage.example.org/pubkeys.gpg"]),
      );
      world.pages.set(
        "https://storage.example.org/pubkeys.gpg",
        serves(await home.export("team@example.com")),
      );
    });

    /** As `rkt fetch` does at a terminal, where somebody answers. */
    const discover = (...answers: readonly string[]): Promise<string[]> => {
      const left = [...answers];
      const asked: string[] = [];
      const ask = (line: string): Promise<string | undefined> => {
        asked.push(line);
        return Promise.resolve(left.shift());
      };
      const { context } = bench;
      const fetching = { context, authorities: bench.options.authorities };
      return trustDiscoveredKeys(fetching, "example.com/app", ask).then(() => asked);
    };

    it("shows their keys at a terminal, and keeps one after a yes", async () => {
      assert.deepEqual(await discover("perhaps", "yes"), [
        "Are you sure you want to trust this key (yes/no)?",
        "Are you sure you want to trust this key (yes/no)?",
      ]);
      const shown = fingerprint.toUpperCase().replaceAll(/(.{4})/g, "$1 *");
      assert.match(told(), new RegExp(`^gpg key fingerprint is: ${shown}`, "m"));
      assert.match(told(), /^\tTeam <team@example\.com>$/m);
      assert.ok(existsSync(kept()));
      assert.deepEqual(await discover(), [], "it is asked again although the key is trusted");
    });

    it("keeps none after a no, nor when the person leaves", async () => {
      await discover("no");
      await discover();
      assert.ok(!existsSync(kept()));
      assert.match(told(), /error adding keys: .*error reading input: EOF/);
    });

    it("asks nobody and for nothing where there is no terminal", async () => {
      const { context } = bench;
      await trustDiscoveredKeys({ context }, "example.com/app", undefined);
      assert.deepEqual(world.asked, []);
    });
  });
});
