/** Who may do what: a stranger, a member of group rkt, a member of rkt-admin, as people of a host with the package. */
import assert from "node:assert/strict";
import type { Finished } from "../../../commands/program.ts";
import { quoted } from "../../../lab/shell-words.ts";
import { CommandLines } from "../../support/command-lines.ts";
import { busybox, EngineHost, files } from "../../support/engine-host.ts";
import { startService } from "../../support/killed-commands.ts";

const password = "p4ssw0rd-of-the-registry";
const joinRkt = /remedy: +do it as root, or become a member of group rkt/;
const beRoot = /cannot run as unprivileged user\n {2}remedy: +run it as root/;

describe("people of a host with rkt", function () {
  this.timeout(240_000);
  const seen = new CommandLines();
  let host: EngineHost;
  let uuid: string;
  let id: string;

  before(async () => {
    host = await EngineHost.make("engine-groups", "trixie");
    await host.run(`useradd --create-home stranger
useradd --create-home --groups rkt reader
useradd --create-home --groups rkt-admin admin
chmod -R a+rX ${files}
mkdir -p /etc/rkt/auth.d
(umask 077; printf '%s' ${quoted(auth)} >/etc/rkt/auth.d/registry.json)`);
    uuid = await startService(host, "shown", "sleep 1000");
    id = await host.run("rkt image list --full --no-legend --fields=id");
    seen.start();
  });

  after(async () => {
    const lines = await seen.stop();
    await host.remove();
    assert.ok(lines.some((line) => line.includes("rkt")));
    assert.ok(lines.every((line) => !line.includes(password)));
  });

  /** A command of rkt by one of them, from a login of their own. */
  function as(person: string, command: string): Promise<Finished> {
    return host.attempt(`su - ${person} -c ${quoted(`rkt ${command}`)}`);
  }

  async function refused(person: string, command: string, why: RegExp): Promise<void> {
    const { code, stderr } = await as(person, command);
    assert.equal(code, 254, `${command}: ${stderr}`);
    assert.match(stderr, why, command);
  }

  async function allowed(person: string, command: string): Promise<string> {
    const { code, stdout, stderr } = await as(person, command);
    assert.equal(code, 0, `${command}: ${stderr}`);
    return stdout;
  }

  const onlyRoot = (): readonly string[] => [
    `run ${busybox}`,
    `prepare ${busybox}`,
    `rm ${uuid}`,
    `stop ${uuid}`,
    `enter ${uuid} /bin/true`,
    "gc",
    "metadata-service",
  ];
  const ofGroup = (): readonly string[] => [
    "list",
    `status ${uuid}`,
    `cat-manifest ${uuid}`,
    "image list",
    `image cat-manifest ${busybox}`,
    `fetch ${files}/busybox.aci`,
    "api-service",
  ];

  it("are refused all but `rkt version` as strangers, and told whom to ask", async () => {
    await allowed("stranger", "version");
    for (const command of ofGroup()) await refused("stranger", command, joinRkt);
    for (const command of onlyRoot()) await refused("stranger", command, beRoot);
  });

  it("look and fetch as members of group rkt, and do no more", async () => {
    assert.match(await allowed("reader", "list"), new RegExp(uuid.slice(0, 8)));
    assert.match(await allowed("reader", `status ${uuid}`), /state=running/);
    assert.match(await allowed("reader", `cat-manifest ${uuid}`), /"acKind": "PodManifest"/);
    assert.match(await allowed("reader", "image list"), /example\.com\/busybox/);
    assert.match(await allowed("reader", `image cat-manifest ${busybox}`), /"acKind": "ImageManifest"/);
    assert.match(await allowed("reader", `fetch ${files}/busybox.aci`), /^sha512-/);
    for (const command of onlyRoot()) await refused("reader", command, beRoot);
    await refused("reader", `image verify ${id}`, /permission denied\n {2}remedy: +do it as root/);
  });

  it("trust keys as members of rkt-admin, and as nobody else but root", async () => {
    const trust = `trust --prefix=example.com/team --skip-fingerprint-review ${files}/key.asc`;
    for (const person of ["stranger", "reader"]) {
      await refused(person, trust, /remedy: +become root, or a member of the group rkt-admin/);
    }
    await allowed("admin", trust);
    await refused("admin", "list", joinRkt);
    for (const command of onlyRoot()) await refused("admin", command, beRoot);
  });

  it("do not read credentials that only root may read, and are told that these are not used", async () => {
    for (const person of ["stranger", "reader", "admin"]) {
      const { code, stdout, stderr } = await as(person, "config");
      assert.equal(code, 0, stderr);
      assert.ok(!`${stdout}${stderr}`.includes(password));
      assert.match(
        stderr,
        /credentials of \/etc\/rkt\/auth\.d\/registry\.json are not used: only root may read them/,
      );
    }
    assert.ok((await host.run("rkt config")).includes(password));
    await host.run("chgrp rkt /etc/rkt/auth.d/registry.json && chmod 640 /etc/rkt/auth.d/registry.json");
    assert.ok((await allowed("reader", "config")).includes(password));
    assert.ok(!(await allowed("stranger", "config")).includes(password));
  });

  it("cannot put an image into the store that root would run unverified", async () => {
    await host.run(`mkdir -p /tmp/evil && cd /tmp/evil
tar --extract --file ${files}/busybox.aci
sed -i 's#/bin/true#/bin/false#' manifest
tar --create --gzip --file /tmp/evil.aci manifest rootfs
chmod a+r /tmp/evil.aci`);
    await refused("reader", "fetch /tmp/evil.aci", /evil\.aci\.asc: no such file or directory/);
    const evil = (await allowed("reader", "--insecure-options=image fetch --full /tmp/evil.aci")).trim();
    assert.notEqual(evil, id);
    const why = /was put into the store by a member of group rkt, and root has not verified it/;
    // By its id it is refused; by the name it does not come before the one that root has verified.
    const byId = await host.attempt(`rkt run --net=none ${evil}`);
    assert.equal(byId.code, 254);
    assert.match(byId.stderr, why);
    assert.equal((await host.attempt(`rkt run --net=none ${busybox}`)).code, 0);
    await host.run(`rkt image rm ${id}`);
    const byName = await host.attempt(`rkt run --net=none ${busybox}`);
    assert.equal(byName.code, 254);
    assert.match(byName.stderr, why);
    // What a member fetched is not lost: root's own fetch makes it good.
    await allowed("reader", `fetch ${files}/busybox.aci`);
    assert.match((await host.attempt(`rkt run --net=none ${id}`)).stderr, why);
    await host.run(`rkt fetch ${files}/busybox.aci && rkt run --net=none ${id}`);
  });

  it("cannot change what root has verified, though they write beside it", async () => {
    await host.run(`rkt fetch ${files}/busybox.aci`);
    const store = "/var/lib/rkt/cas";
    const forge = `cd ${store} && sed --in-place=.old 's#/bin/true#/bin/false#' imageManifest/sha512/*/${id}`;
    await host.run(`su - reader -c ${quoted(forge)}`);
    assert.match(await host.run(`cat ${store}/imageManifest/sha512/*/${id}`), /\/bin\/false/);
    assert.equal((await host.attempt(`rkt run --net=none ${busybox}`)).code, 0);
    for (const folder of ["tree", "tmp", "vouched", "treestorelocks"]) {
      const { code } = await host.attempt(
        `su - reader -c ${quoted(`mv ${store}/${folder} ${store}/blob/gone`)}`,
      );
      assert.notEqual(code, 0, folder);
    }
  });
});

const auth = JSON.stringify({
  rktKind: "dockerAuth",
  rktVersion: "v1",
  registries: ["registry.example.com"],
  credentials: { user: "team", password },
});
