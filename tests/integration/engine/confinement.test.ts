/** Private users, and system calls by the names of sets: what the kernel says of it, under each flavour that has them. */
import assert from "node:assert/strict";
import { quoted } from "../../../lab/shell-words.ts";
import { eventually } from "../../support/await.ts";
import { busybox, EngineHost } from "../../support/engine-host.ts";
import { saidBy } from "../../support/process.ts";

const soon = { seconds: 60 };

describe("an app that is held back further", function () {
  this.timeout(600_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-confinement", "bookworm");
    await host.run(
      "mkdir -p /var/lib/rkt/data && echo mine >/var/lib/rkt/data/file && chmod 600 /var/lib/rkt/data/file",
    );
  });

  after(async () => {
    await host.remove();
  });

  function run(flavour: string, flags: string, ofImage: string, script: string): string {
    return `rkt run --stage1-name=coreos.com/rkt/stage1-${flavour} ${flags} ${busybox} ${ofImage} --exec=/bin/sh -- -c ${quoted(script)}`;
  }

  for (const flavour of ["oci", "host"]) {
    for (const copying of [false, true]) {
      it(`has users of its own under ${flavour}${copying ? ", in a copy of the image" : ""}`, async () => {
        const volumes =
          "--volume=data,kind=host,source=/var/lib/rkt/data --volume=own,kind=empty,uid=1000,gid=1001";
        const ended = await host.attempt(
          run(
            flavour,
            `--net=none --private-users --uuid-file-save=/run/uuid ${copying ? "--no-overlay" : ""} ${volumes}`,
            "--mount=volume=data,target=/data/deep --mount=volume=own,target=/own",
            "cat /proc/self/uid_map /data/deep/file; touch /made /data/deep/made; stat -c '%n %u' /made /data/deep/made /data /bin/busybox /own; exit 6",
          ),
        );
        assert.equal(ended.code, 6, saidBy(ended));
        const first = /^\s+0\s+(\d+)\s+65536\r?$/m.exec(ended.stdout)?.[1] ?? "";
        assert.ok(Number(first) >= 524_288, saidBy(ended));
        for (const line of [
          "mine",
          "/made 0",
          "/data/deep/made 0",
          "/data 0",
          "/bin/busybox 0",
          "/own 1000",
        ]) {
          assert.match(ended.stdout, new RegExp(`^${line}\\r?$`, "m"));
        }
        const onHost = `pod=/var/lib/rkt/pods/run/$(cat /run/uuid); cat $pod/private-users-prepared; echo
stat -c %u /var/lib/rkt/data/made $pod/${copying ? "stage1/rootfs/opt/stage2/busybox/rootfs" : "overlay/busybox/upper"}/made`;
        assert.equal(await host.run(onHost), `${first}:65536\n0\n${first}`);
        await host.run("rm -f /var/lib/rkt/data/made");
      });
    }

    it(`enters and exports a pod of ${flavour} as its own users`, async () => {
      await host.run(
        `systemd-run --quiet --collect --unit=private-${flavour} --property=Delegate=yes ${run(flavour, "--net=none --private-users --uuid-file-save=/run/private", "--user=worker --group=workers", "cp /etc/passwd /tmp/kept 2>/dev/null; exec sleep 4681")}`,
      );
      await eventually("the app runs", () => host.run("pgrep -f 'sleep 4681$'"), soon);
      const uuid = await host.run("cat /run/private");
      const range = await host.run(`cat /var/lib/rkt/pods/run/${uuid}/private-users-prepared`);
      const seen = "id -u; cat /proc/self/uid_map; grep -E '^(Cap|Seccomp|NoNew)' /proc/self/status";
      const entered = await host.run(`rkt enter ${uuid} /bin/sh -c ${quoted(seen)}`);
      assert.match(entered, new RegExp(`^1000\\n\\s+0\\s+${range.split(":")[0] ?? ""}\\s+65536\\n`));
      const [app] = (await host.run("pgrep -f 'sleep 4681$'")).split("\n").slice(-1);
      const ofApp = await host.run(
        `grep -E '^(Cap|Seccomp|NoNew)' /proc/${app ?? ""}/status; stat -c %u /proc/${app ?? ""}`,
      );
      const same = (text: string): string =>
        [...text.matchAll(/^(?:CapBnd|CapEff|Seccomp):.*$/gm)].join("\n");
      assert.equal(same(entered), same(ofApp));
      assert.equal(Number(ofApp.split("\n").at(-1)), Number(range.split(":")[0]) + 1000);
      await host.run(`rkt stop --force ${uuid}`);
      await eventually("it has ended", () => host.run(`rkt status ${uuid} | grep state=exited`), soon);
      await host.run(`rm -f /run/out.aci && rkt export ${uuid} /run/out.aci`);
      const owners = await host.run("tar -tvzf /run/out.aci --numeric-owner | awk '{print $2}' | sort -u");
      assert.equal(owners, "0/0");
    });

    it(`gets the error that was asked for from a call that is not allowed under ${flavour}`, async () => {
      const script = "mkdir -p /m; mount -t tmpfs x /m; chmod 700 /m && echo changed; exit 2";
      const filtered = (set: string): ReturnType<EngineHost["attempt"]> =>
        host.attempt(run(flavour, "--net=none", `--caps-retain=CAP_SYS_ADMIN --seccomp=${set}`, script));
      const removed = await filtered(
        "mode=remove,errno=ENOSYS,@docker/default-blacklist,chmod,fchmodat,fchmodat2",
      );
      assert.equal(removed.code, 2, saidBy(removed));
      const words = removed.stdout + removed.stderr;
      assert.match(words, /mount: [^\n]*Function not implemented/);
      assert.match(words, /chmod: [^\n]*Function not implemented/);
      const retained = await filtered("mode=retain,errno=EXDEV,@docker/default-whitelist");
      assert.equal(retained.code, 2, saidBy(retained));
      assert.match(retained.stdout + retained.stderr, /mount: [^\n]*Invalid cross-device link/);
      assert.match(retained.stdout, /^changed\r?$/m);
      const more = await filtered("mode=retain,@rkt/default-whitelist,mount");
      assert.doesNotMatch(more.stdout + more.stderr, /mount:/);
    });
  }

  it("listens at a low port of its network, although that is the host's root's", async () => {
    const ended = await host.attempt(
      run(
        "oci",
        "--private-users",
        "",
        "nc -l -p 80 & until netstat -ltn | grep -q ':80 '; do :; done; kill $!",
      ),
    );
    assert.equal(ended.code, 0, saidBy(ended));
  });

  it("has a range that no other pod has, until it is collected", async () => {
    const prepare = `rkt prepare --private-users ${busybox} >/dev/null &`;
    await host.run(`${prepare.repeat(6)} wait`);
    const ranges = await host.run(
      "for each in /var/lib/rkt/pods/*/*/private-users-prepared; do cat $each; echo; done",
    );
    const all = ranges.split("\n");
    assert.ok(all.length >= 6);
    assert.equal(new Set(all).size, all.length);
  });

  it("is refused where users of its own would mean nothing", async () => {
    for (const flavour of ["fly", "kvm"]) {
      const refused = await host.attempt(run(flavour, "--private-users", "", "true"));
      assert.equal(refused.code, 254);
      assert.match(refused.stderr, new RegExp(`--private-users cannot be used with the ${flavour} flavour`));
    }
  });
});
