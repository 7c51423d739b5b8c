/** The commands of docs/building-images.md as they stand there: made, signed, fetched with trust, run, answered. */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { quoted } from "../../../lab/shell-words.ts";
import { cacheFolder } from "../../../tools/cache-folder.ts";
import { findGo } from "../../../tools/go-compiler.ts";
import { blocksOf, documentNamed, PROJECT } from "../../docs/markdown.ts";
import { eventually } from "../../support/await.ts";
import { EngineHost } from "../../support/engine-host.ts";
import { runProcess, succeeded } from "../../support/process.ts";

const document = documentNamed("docs/building-images.md");
const trust = documentNamed("docs/trust.md");
const folder = "/root/building";

function blockWith(language: string, text: string, from = document): string {
  const block = blocksOf(from, language).find((each) => each.includes(text));
  assert.ok(block !== undefined, `${from.name} has no block with ${text}`);
  return block;
}

describe("docs/building-images.md", function () {
  this.timeout(600_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-building", "trixie");
    await host.run("apt-get install -y -qq --no-install-recommends gnupg attr >/dev/null 2>&1");
    await host.run(`mkdir -p ${folder}`);
    await run(blockWith("sh", "--quick-generate-key", trust));
    await run("rkt trust --prefix=example.com team.gpg");
  });

  after(async () => {
    await host.remove();
  });

  /** What a block says, by somebody who has no passphrase and answers yes. */
  function run(block: string): Promise<string> {
    // An agent that stays would keep the connection open.
    const script = `set -euo pipefail
trap 'gpgconf --kill all' EXIT
cd ${folder}
gpg() { command gpg --batch --yes --pinentry-mode loopback --passphrase '' "$@"; }
sudo() { "$@"; }
rkt() { if [ "$1" = trust ]; then set -- "$@" --skip-fingerprint-review; fi; command rkt "$@"; }
# A root of the same kind, without waiting for a hundred packages.
mmdebstrap() { cp -a ${folder}-root "$3"; }
${block}`;
    return host.run(`bash -c ${quoted(script)}`);
  }

  async function put(name: string, text: string): Promise<void> {
    await host.run(`cat >${folder}/${name} <<'END'\n${text}END`);
  }

  it("makes an image of a static program, which answers", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "rktnetes-hello-"));
    try {
      await writeFile(join(scratch, "hello.go"), blockWith("go", "package main"));
      const versions = await readFile(join(PROJECT, "tools/versions.env"), "utf8");
      const wanted = /^GO_VERSION=(.*)$/m.exec(versions)?.[1] ?? "";
      const { command, environment } = await findGo(cacheFolder(process.env), wanted);
      const PATH = `${isAbsolute(command) ? `${dirname(command)}:` : ""}${process.env["PATH"] ?? ""}`;
      const settings = Object.entries(environment).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, value]],
      );
      const env: Record<string, string> = { ...Object.fromEntries(settings), PATH };
      succeeded(
        await runProcess("sh", ["-ec", blockWith("sh", "go build")], { cwd: scratch, env }),
        "go build",
      );
      const inside = `/proc/${(await host.lab.leader()) ?? 0}/root${folder}`;
      await mkdir(inside, { recursive: true });
      await cp(join(scratch, "hello"), join(inside, "hello"));
    } finally {
      await rm(scratch, { recursive: true });
    }
    await put("hello.yaml", blockWith("yaml", "name: example.com/hello"));
    const id = await run(blockWith("sh", "rkt image build --sign="));
    assert.match(id, /^sha512-[0-9a-f]{64}$/m);
    const said = await run(blockWith("sh", "rkt fetch ./hello.aci"));
    assert.match(said, /^hello$/m);
    // The same again, byte by byte.
    assert.equal(
      await host.run(
        `cd ${folder} && touch hello && rkt image build hello.yaml again.aci >/dev/null && cmp hello.aci again.aci && echo same`,
      ),
      "same",
    );
    await put("changed.yaml", blockWith("yaml", "from: ./hello.aci"));
    await host.run(`cd ${folder} && rkt image build changed.yaml changed.aci`);
    const manifest = await host.run(`tar -xzOf ${folder}/changed.aci manifest`);
    assert.match(manifest, /"0\.0\.2".*"LOG","value":"quiet"/);
    assert.doesNotMatch(manifest, /authors/);
  });

  it("installs nginx into Debian's root in steps that run, and serves a page", async () => {
    await host.run(`mkdir ${folder}-root && tar -C / --one-file-system -cf - \\
      ${leftOut.map((path) => `--exclude=./${path}`).join(" ")} . ./var | tar -C ${folder}-root -xf -
      cd ${folder}-root && mkdir -p dev proc sys run tmp var/cache/apt/archives/partial var/lib/apt/lists/partial && chmod 1777 tmp`);
    await put("debian.yaml", blockWith("yaml", "name: example.com/debian"));
    await put("nginx.yaml", blockWith("yaml", "name: example.com/nginx"));
    await run(blockWith("sh", "mmdebstrap"));
    const said = await run(blockWith("sh", "rkt image build --net=host"));
    assert.match(said, /^Built here\.$/m);
    const members = await host.run(`tar -tzf ${folder}/nginx.aci`);
    assert.match(members, /^rootfs\/usr\/sbin\/nginx$/m);
    assert.doesNotMatch(members, /^rootfs\/var\/lib\/apt\/lists\/./m);
    assert.equal(
      await host.run("rkt image list --no-legend --fields=name | grep -c build.invalid || true"),
      "0",
    );
  });

  it("gives a step no network unasked, ends with the step that fails, and leaves nothing of it", async () => {
    await put(
      "failing.yaml",
      "name: example.com/failing\nfrom: ./debian.aci\nsteps:\n  - run: [sh, -c, 'ls /sys/class/net; exit 3']\n",
    );
    const failed = await host.attempt(`cd ${folder} && rkt image build failing.yaml failing.aci`);
    assert.equal(failed.code, 254);
    assert.match(failed.stderr, /^lo$/m);
    assert.match(
      failed.stderr,
      /steps\[0\]\.run: a step of the description failed\n.*exit code 3\n.*--net=default/,
    );
    assert.equal(
      await host.run(
        `systemctl stop hello nginx; rkt gc --grace-period=0s >/dev/null 2>&1; rkt list --no-legend; ls ${folder} | grep -c failing`,
      ),
      "1",
    );
  });

  it("takes its step with it when it is killed, and gc clears what is left", async () => {
    await put(
      "endless.yaml",
      "name: example.com/endless\nfrom: ./debian.aci\nsteps:\n  - run: [sh, -c, 'echo begun; sleep 100000']\n",
    );
    await host.run(
      `cd ${folder} && (rkt image build endless.yaml endless.aci >/dev/null 2>/root/said & echo $! >/root/builder)`,
    );
    await eventually(
      "the step",
      async () => {
        assert.match(await host.run("cat /root/said"), /^begun$/m);
      },
      { seconds: 60 },
    );
    await host.run("kill -9 $(cat /root/builder)");
    await eventually(
      "the end of its pod",
      async () => {
        assert.doesNotMatch(
          await host.run("rkt list --no-legend; pgrep --full 'sleep 100000' || true"),
          /running|^\d+$/m,
        );
      },
      { seconds: 60 },
    );
    await host.run("rkt gc --grace-period=0s >/dev/null 2>&1");
    assert.equal(await host.run(`rkt list --no-legend; ls ${folder} | grep endless`), "endless.yaml");
  });
});

/** Of the lab host's own root: what no image needs, and what is not the root's. */
const leftOut = [
  ...["usr/lib/rkt", "usr/lib/cni", "usr/lib/modules", "usr/share/doc", "usr/share/locale", "usr/share/man"],
  ...["usr/share/info", "var/lib/rkt", "var/cache", "var/lib/apt/lists", "root", "opt", "boot"],
  ...["proc", "sys", "dev", "run", "tmp"],
];
