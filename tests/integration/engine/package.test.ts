import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { spawn } from "node:child_process";
import { promisify } from "node:util";
import { engineState } from "../../../components/engine/state.ts";
import { BuildCache } from "../../../engine/package/buildCache.ts";
import { compileHelper } from "../../../engine/package/helperProgram.ts";
import { type IndexedPackage, parsePackageIndex } from "../../../engine/package/packageIndex.ts";
import { writeAci } from "../../../engine/package/stage1Archive.ts";
import { labFolders } from "../../../lab/folders.ts";
import type { LabHost } from "../../../lab/hosts.ts";
import { sshArguments } from "../../../lab/ssh.ts";
import { enginePackage } from "../../../provider/engine/package.ts";
import type { Created, Difference } from "../../../provider/protocol/resource.ts";
import type { Properties } from "../../../provider/protocol/value.ts";
import { cacheFolder } from "../../../tools/cache-folder.ts";
import { PROJECT } from "../../docs/markdown.ts";
import {
  connectionTo,
  endLab,
  HostLayer,
  onHost,
  quietContext,
  STACK,
  startLabHost,
  textOf,
} from "../host/lab-host.ts";
import { differences, snapshotOf } from "../host/snapshot.ts";

const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), "rktnetes-package-"));
const packages = join(scratch, "packages");

async function makePackages(output: string, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  await run(process.execPath, [join(PROJECT, "engine/package/main.ts"), "--output", output], {
    env: { ...process.env, ...environment },
  });
}

function built(architecture: "amd64" | "arm64", folder = packages): IndexedPackage {
  const found = parsePackageIndex(readFileSync(join(folder, "index.json"), "utf8")).packages[architecture];
  assert.ok(found !== undefined);
  return found;
}

async function copyTo(host: LabHost, file: string, target: string): Promise<void> {
  const ssh = spawn("ssh", [...(await sshArguments(host, "root", labFolders())), `cat >${target}`]);
  await pipeline(createReadStream(file), ssh.stdin);
  await new Promise((resolve) => ssh.once("close", resolve));
}

/** What the command says, whether it succeeds or not. */
function attempt(host: LabHost, command: string): Promise<string> {
  return onHost(host, `{ ${command}; } 2>&1; echo "rc=$?"`);
}

before(async function () {
  this.timeout(300_000);
  await makePackages(packages);
});

after(async function () {
  rmSync(scratch, { recursive: true, force: true });
  await endLab.call(this);
});

describe("the engine's packages", function () {
  this.timeout(300_000);

  it("are the same bytes, made anew in another place at another time", async () => {
    const cache = join(scratch, "cache");
    const shared = join(cacheFolder(process.env).root, "engine/node");
    mkdirSync(join(cache, "engine"), { recursive: true });
    // Node.js came with a hash of its own, and is no product of the build.
    cpSync(shared, join(cache, "engine/node"), { recursive: true, preserveTimestamps: true });
    writeFileSync(join(cache, ".rktnetes-cache"), "");
    await makePackages(join(scratch, "again"), { RKTNETES_CACHE: cache, TZ: "Asia/Tokyo" });
    for (const architecture of ["amd64", "arm64"] as const)
      assert.equal(
        built(architecture, join(scratch, "again")).sha256,
        built(architecture).sha256,
        architecture,
      );
    rmSync(cache, { recursive: true });
  });

  it("have signatures that gpg finds good", async () => {
    const home = join(scratch, "gnupg");
    mkdirSync(home, { mode: 0o700 });
    const gpg = (...words: readonly string[]) => run("gpg", ["--homedir", home, "--batch", ...words]);
    try {
      await gpg("--import", parsePackageIndex(readFileSync(join(packages, "index.json"), "utf8")).publicKey);
      for (const { path, signature } of [built("amd64"), built("arm64")])
        assert.match((await gpg("--verify", signature, path)).stderr, /Good signature/);
    } finally {
      await run("gpgconf", ["--homedir", home, "--kill", "all"]);
    }
  });

  it("are without errors to lintian", async () => {
    for (const { path } of [built("amd64"), built("arm64")]) {
      const { stdout } = await run("lintian", ["--fail-on", "error", path]);
      assert.doesNotMatch(stdout, /^E:/m);
    }
  });

  it("tell the version on arm64 too", async () => {
    const root = join(scratch, "arm64");
    await run("dpkg-deb", ["-x", built("arm64").path, root]);
    const library = join(root, "usr/lib/rkt");
    const { stdout } = await run(
      "qemu-aarch64-static",
      [
        "-L",
        "/usr/aarch64-linux-gnu",
        join(library, "bin/node"),
        join(library, "engine/engine-start.cjs"),
        "version",
      ],
      { env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" } },
    );
    assert.match(stdout, /^rkt Version: \d/);
    assert.match(stdout, /linux\/arm64/);
  });
});

for (const release of ["bookworm", "trixie"] as const) {
  describe(`the engine's package on ${release}`, function () {
    this.timeout(300_000);
    let host: LabHost;
    let pristine: string[];
    const deb = "/run/engine.deb";
    const depends = "attr bzip2 conmon containernetworking-plugins crun nftables";

    before(async () => {
      host = await startLabHost(`package-${release}`, release);
      await onHost(host, `apt-get -q update && apt-get -q -y --no-install-recommends install ${depends}`);
      await copyTo(host, built("amd64").path, deb);
      pristine = await snapshotOf(host);
    });

    it("refuses a store that upstream's rkt has left, with the remedy, and installs nothing", async () => {
      await onHost(host, "mkdir -p /var/lib/rkt/cas/db && touch /var/lib/rkt/cas/db/ql.db");
      const said = await attempt(host, `dpkg -i ${deb}`);
      assert.match(said, /holds the store of upstream's rkt[^]*remedy:[^]*rc=1/);
      await onHost(host, "rm -r /var/lib/rkt");
      assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
    });

    it("installs the command, with folders for those who may use them", async () => {
      await onHost(host, `apt-get -q -y --no-install-recommends install ${deb}`);
      assert.match(await onHost(host, "rkt version"), /^rkt Version: /);
      assert.equal(
        await onHost(host, "stat -c '%a %U %G %n' /var/lib/rkt /var/lib/rkt/cas /etc/rkt"),
        "2750 root rkt /var/lib/rkt\n2750 root rkt /var/lib/rkt/cas\n2775 root rkt-admin /etc/rkt\n",
      );
    });

    it("leaves its units to be enabled by who wants them", async () => {
      assert.equal((await attempt(host, "systemctl is-enabled rkt-gc.timer")).split("\n")[0], "disabled");
      await onHost(
        host,
        "systemctl start rkt-gc.timer && systemd-analyze verify --man=no rkt-gc.timer rkt-gc.service",
      );
    });

    it("is not removed while a pod runs, and says what to do", async () => {
      await copyTo(host, await sleepingImage(), "/run/sleeper.aci");
      const state = 'rkt list --format=json | grep -o \'"state": *"running"\'';
      await onHost(
        host,
        `systemd-run --quiet --unit=sleeper rkt --insecure-options=image run --net=none --uuid-file-save=/run/sleeper.uuid /run/sleeper.aci
for i in $(seq 100); do if ${state}; then exit 0; fi; sleep 0.1; done; journalctl -u sleeper --no-pager >&2; exit 1`,
      );
      assert.match(
        await attempt(host, "apt-get -q -y remove rktnetes-engine"),
        /pods are running[^]*remedy:/,
      );
      assert.match(await onHost(host, state), /running/);
      await onHost(
        host,
        "rkt stop --force $(cat /run/sleeper.uuid); systemctl stop sleeper; systemctl reset-failed sleeper; rm /run/sleeper.*",
      );
    });

    it("is removed once none runs, and keeps images and configuration", async () => {
      await onHost(
        host,
        "apt-get -q -y remove rktnetes-engine && test -d /var/lib/rkt/cas && test -d /etc/rkt",
      );
    });

    it("leaves nothing when it is purged", async () => {
      await onHost(host, `apt-get -q -y purge rktnetes-engine; rm -f ${deb}`);
      assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
    });
  });
}

/** An image of one program that waits until it is told to end. */
async function sleepingImage(): Promise<string> {
  const source = join(scratch, "sleeper.c");
  writeFileSync(source, "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n");
  const cache = new BuildCache(join(scratch, "programs"));
  const program = await compileHelper(cache, { kind: "program", source }, "amd64");
  const target = join(scratch, "sleeper.aci");
  const manifest = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name: "example.com/sleeper",
    labels: [
      { name: "os", value: "linux" },
      { name: "arch", value: "amd64" },
    ],
    app: { exec: ["/sleeper"], user: "0", group: "0" },
  };
  const file = { path: "/sleeper", mode: 0o755, from: { kind: "file", file: program } } as const;
  await writeAci(target, JSON.stringify(manifest), [file], 0);
  return target;
}

describe("a host's engine", function () {
  this.timeout(300_000);
  let host: LabHost;
  let layer: HostLayer;
  let pristine: string[];
  let claim: Created;
  let inputs: Properties;
  let created: Created;
  const diff = (olds: Properties): Promise<Difference> =>
    layer.states.diff({ id: created.id, olds, oldInputs: inputs, news: inputs, ignoreChanges: [] });
  const read = async (): Promise<Properties> =>
    (await layer.states.read({ id: created.id, outputs: created.outputs, inputs }, quietContext())).outputs;

  before(async () => {
    host = await startLabHost("engine-role");
    pristine = await snapshotOf(host);
    layer = new HostLayer();
    const connection = await connectionTo(host);
    claim = await layer.claims.create({ host: host.name, connection, stack: STACK }, quietContext());
    const source = { architecture: "amd64", source: { build: packages } };
    assert.deepEqual((await enginePackage().check(source, {}, quietContext())).failures ?? [], []);
    const { outputs } = await enginePackage().create(source, quietContext());
    const {
      packageFiles,
      files = {},
      units = {},
      teardown = [],
      directories = {},
    } = engineState(
      {
        credentials: [],
        trustedKeys: [],
        networks: { db: { type: "ptp", ipam: { type: "host-local", subnet: "10.5.0.0/24" } } },
        collectGarbage: true,
      },
      textOf(outputs, "package"),
    );
    const [name = ""] = packageFiles ?? [];
    const { path = null, sha256 = null, size = null, version = null } = outputs;
    inputs = JSON.parse(
      JSON.stringify({
        host: host.name,
        role: "engine",
        connection: {},
        claim: textOf(claim.outputs, "claim"),
        packages: { [name]: version },
        packageFiles: { [name]: { path, sha256, size } },
        directories,
        files,
        units,
        teardown,
      }),
    ) as Properties;
    inputs = { ...inputs, connection };
    assert.deepEqual((await layer.states.check(inputs)).failures, []);
    created = await layer.states.create(inputs, quietContext());
  });

  after(() => {
    layer.close();
  });

  it("is installed from the verified package, configured, and cleared by its timer", async () => {
    assert.match(await onHost(host, "rkt version"), /^rkt Version: /);
    assert.equal(await onHost(host, "systemctl is-active rkt-gc.timer"), "active\n");
    assert.match(await onHost(host, "cat /etc/rkt/net.d/db.conf"), /"name": "db"/);
  });

  it("shows no change when nothing has changed", async () => {
    assert.deepEqual((await diff(await read())).changes, {});
  });

  it("is found missing when somebody has taken it away, and comes back", async () => {
    await onHost(host, "apt-get -q -y remove rktnetes-engine");
    const olds = await read();
    assert.deepEqual(
      Object.keys((await diff(olds)).changes).filter((path) => path.startsWith("packages")),
      ['packages["rktnetes-engine"]'],
    );
    const outputs = await layer.states.update(
      { id: created.id, olds, oldInputs: inputs, news: inputs, ignoreChanges: [] },
      quietContext(),
    );
    created = { ...created, outputs };
    assert.match(await onHost(host, "rkt version"), /^rkt Version: /);
    assert.deepEqual((await diff(await read())).changes, {});
  });

  it("is gone without a trace when the role goes", async () => {
    await layer.states.delete({ id: created.id, outputs: created.outputs, inputs }, quietContext());
    await layer.claims.delete(
      {
        id: claim.id,
        outputs: claim.outputs,
        inputs: { host: host.name, connection: await connectionTo(host), stack: STACK },
      },
      quietContext(),
    );
    assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
  });
});
