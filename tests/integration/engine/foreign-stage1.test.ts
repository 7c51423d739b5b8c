/** A stage1 that is not ours, as small as the published interface allows, run by our stage0. */
import assert from "node:assert/strict";
import { quoted } from "../../../lab/shell-words.ts";
import { busybox, EngineHost } from "../../support/engine-host.ts";
import { saidBy } from "../../support/process.ts";

const manifest = {
  acKind: "ImageManifest",
  acVersion: "0.8.11",
  name: "foo.example/rkt/stage1",
  labels: [
    { name: "version", value: "0.0.1" },
    { name: "arch", value: process.arch === "arm64" ? "aarch64" : "amd64" },
    { name: "os", value: "linux" },
  ],
  annotations: [
    { name: "coreos.com/rkt/stage1/run", value: "/ex/run" },
    { name: "coreos.com/rkt/stage1/enter", value: "/ex/enter" },
    { name: "coreos.com/rkt/stage1/gc", value: "/ex/gc" },
    { name: "coreos.com/rkt/stage1/interface-version", value: "2" },
  ],
};

const run = `#!/bin/sh
echo "arguments: $*"
echo "folder: $(pwd)"
[ -d "/proc/self/fd/$RKT_LOCK_FD" ] && echo "lock: held"
echo $$ >pid
exec chroot stage1/rootfs/opt/stage2/app/rootfs /bin/sh -c 'cat /etc/group | head -1; exit 9'
`;

describe("a stage1 that is not ours", function () {
  this.timeout(180_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-stage1", "trixie");
    await host.run(`set -e; mkdir -p /opt/foreign/rootfs/ex; cd /opt/foreign
printf %s ${quoted(JSON.stringify(manifest))} >manifest
printf %s ${quoted(run)} >rootfs/ex/run
printf '#!/bin/sh\\nexit 0\\n' >rootfs/ex/gc; cp rootfs/ex/gc rootfs/ex/enter
chmod 755 rootfs/ex/*; tar -czf /opt/foreign.aci manifest rootfs`);
  });

  after(async () => {
    await host.remove();
  });

  it("gets the pod by the published interface, and gives its exit code", async () => {
    const ended = await host.attempt(
      `rkt --insecure-options=image run --stage1-path=/opt/foreign.aci --net=host --hostname=called ${busybox} --name=app`,
    );
    assert.equal(ended.code, 9, saidBy(ended));
    assert.match(
      ended.stdout,
      /^arguments: .*--net=host.* --hostname=called.* [0-9a-f]{8}-[0-9a-f-]{27}$/m,
      saidBy(ended),
    );
    assert.match(ended.stdout, /^folder: \/var\/lib\/rkt\/pods\/run\/[0-9a-f-]{36}$/m);
    assert.match(ended.stdout, /^lock: held$/m);
    assert.match(ended.stdout, /^root:x:0:$/m);
  });

  it("is refused without a signature", async () => {
    const ended = await host.attempt(`rkt run --stage1-path=/opt/foreign.aci --net=host ${busybox}`);
    assert.equal(ended.code, 254);
    assert.match(ended.stderr, /foreign\.aci\.asc: no such file or directory/);
  });
});
