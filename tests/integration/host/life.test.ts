import assert from "node:assert/strict";
import type { LabHost } from "../../../lab/hosts.ts";
import { PartialFailure, type Created, type Difference } from "../../../provider/protocol/resource.ts";
import { isMap, Secret, type Properties } from "../../../provider/protocol/value.ts";
import { exampleRole, SECRET_TEXT } from "./example-role.ts";
import {
  connectionTo,
  endLab,
  HostLayer,
  onHost,
  quietContext,
  STACK,
  startLabHost,
  textOf,
  without,
} from "./lab-host.ts";
import { differences, snapshotOf } from "./snapshot.ts";

const LOGINS = [
  { user: "root", release: "trixie" },
  { user: "operator", release: "trixie" },
  { user: "root", release: "bookworm" },
] as const;

after(endLab);

for (const { user, release } of LOGINS) {
  describe(`a role on a ${release} host, as ${user}`, function () {
    this.timeout(300_000);
    const name = `life-${release}`;
    let host: LabHost;
    let layer: HostLayer;
    let pristine: string[];
    let claimInputs: Properties;
    let claim: Created;
    let inputs: Properties;
    let created: Created;

    const diff = (olds: Properties, news = inputs, oldInputs = inputs): Promise<Difference> =>
      layer.states.diff({ id: created.id, olds, oldInputs, news, ignoreChanges: [] });
    const refreshed = async (): Promise<Properties> =>
      (await layer.states.read({ id: created.id, outputs: created.outputs, inputs }, quietContext())).outputs;

    before(async () => {
      host = await startLabHost(name, release);
      pristine = await snapshotOf(host);
      layer = new HostLayer();
      const connection = await connectionTo(host, user);
      claimInputs = {
        host: name,
        connection,
        stack: STACK,
        requirements: {
          ports: ["6443/tcp"],
          cidrs: ["10.244.0.0/16"],
          resolves: ["localhost"],
          swapOff: false,
        },
      };
      assert.deepEqual((await layer.claims.check(claimInputs)).failures, []);
      claim = await layer.claims.create(claimInputs, quietContext());
      inputs = exampleRole(name, connection, textOf(claim.outputs, "claim"));
      assert.deepEqual((await layer.states.check(inputs)).failures, []);
      created = await layer.states.create(inputs, quietContext());
    });

    after(() => {
      layer.close();
    });

    it("claims the host and tells what it is like", () => {
      const facts = claim.outputs["facts"];
      assert.ok(facts !== undefined && isMap(facts));
      assert.equal(facts["release"], release === "trixie" ? "13" : "12");
      assert.match(textOf(facts, "machineId"), /^[0-9a-f]{32}$/);
      assert.equal(facts["container"], "systemd-nspawn");
    });

    it("brings about everything that was declared", async () => {
      const seen = await onHost(
        host,
        `stat -c '%a %U %G' /etc/example/two.conf /var/lib/example /etc/example/secret; readlink /usr/local/bin/example
systemctl is-active example-one example-two example-once; systemctl is-enabled example-one; cat /etc/motd /proc/sys/net/ipv4/conf/all/rp_filter; id -nG example`,
      );
      assert.equal(
        seen,
        "640 root example\n700 example example\n600 example root\n/usr/bin/sleep\nactive\nactive\nactive\nenabled\nThis host serves an example.\n2\nexample adm\n",
      );
    });

    it("leaves no secret in the clear in the outputs, and no bytes of secrets below its own directory", async () => {
      const files = created.outputs["files"];
      assert.ok(files !== undefined && isMap(files));
      const secret = files["/etc/example/secret"];
      assert.ok(secret !== undefined && isMap(secret) && secret["sha256"] instanceof Secret);
      assert.ok(!JSON.stringify(created.outputs).includes(SECRET_TEXT.trim()));
      assert.equal(await onHost(host, `grep -rl ${SECRET_TEXT.trim()} /var/lib/rktnetes || true`), "");
    });

    it("has nothing to do when nothing has changed", async () => {
      assert.deepEqual((await diff(created.outputs)).changes, {});
      assert.deepEqual((await diff(await refreshed())).changes, {});
    });

    it("restarts nothing when it is created again", async () => {
      const started = "systemctl show -p ActiveEnterTimestampMonotonic example-one example-two example-once";
      const earlier = await onHost(host, started);
      const again = await layer.states.create(inputs, quietContext());
      assert.deepEqual(again.outputs, created.outputs);
      assert.equal(await onHost(host, started), earlier);
    });

    it("sees what was done by hand, and repairs exactly that", async () => {
      const pids = "systemctl show --value -p MainPID example-one";
      const pid = await onHost(host, pids);
      await onHost(
        host,
        `systemctl stop example-two
mkdir -p /etc/systemd/system/example-two.service.d; printf '[Service]\\nNice=3\\n' >/etc/systemd/system/example-two.service.d/hand.conf
rm /etc/example/deep/er/three.conf; chmod 0600 /etc/example/two.conf; echo edited >/etc/motd
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter; DEBIAN_FRONTEND=noninteractive apt-get -qq remove -y tree >/dev/null 2>&1
echo stolen >/etc/example/secret`,
      );
      const olds = await refreshed();
      const difference = await diff(olds);
      assert.deepEqual(Object.keys(difference.changes).sort(), [
        'files["/etc/example/deep/er/three.conf"]',
        'files["/etc/example/secret"]',
        'files["/etc/example/two.conf"]',
        'files["/etc/motd"]',
        'packages["tree"]',
        'sysctls["net.ipv4.conf.all.rp_filter"]',
        'units["example-two.service"]',
      ]);
      assert.ok(Object.values(difference.changes).every((change) => change.inputDiff === false));
      const lines = (difference.lines ?? []).join("\n");
      assert.match(
        lines,
        /~ \/etc\/motd {2}\(edited on the host\)\n.*- edited\n.*\+ This host serves an example\./,
      );
      assert.match(lines, /\+ package tree {2}\(not installed on the host\)/);
      assert.match(lines, /example-two\.service {2}\(changed by .*hand\.conf\)/);
      assert.doesNotMatch(lines, /stolen|kept-private/);

      const repaired = await layer.states.update(
        { id: created.id, olds, oldInputs: inputs, news: inputs },
        quietContext(),
      );
      assert.deepEqual(repaired, created.outputs);
      assert.equal(await onHost(host, pids), pid, "a unit that was well was restarted");
    });

    it("changes one file, restarts what depends on it, and nothing else", async () => {
      const files = inputs["files"];
      assert.ok(files !== undefined && isMap(files));
      const one = { content: "maxPods: 250\nother: 1\n" };
      const news = { ...inputs, files: { ...files, "/etc/example/one.conf": one } };
      const difference = await diff(created.outputs, news);
      assert.deepEqual(difference.changes, { 'files["/etc/example/one.conf"]': { kind: "update" } });
      assert.deepEqual(difference.lines, [
        `${name}: ~ /etc/example/one.conf`,
        `${name}:     - maxPods: 110`,
        `${name}:     + maxPods: 250`,
      ]);
      const pids = "systemctl show --value -p MainPID example-one example-two";
      const earlier = (await onHost(host, pids)).split("\n");
      const olds = created.outputs;
      const outputs = await layer.states.update(
        { id: created.id, olds, oldInputs: inputs, news },
        quietContext(),
      );
      const later = (await onHost(host, pids)).split("\n");
      assert.notEqual(later[0], earlier[0]);
      assert.equal(later[2], earlier[2]);
      created = { ...created, outputs };
      inputs = news;
    });

    it("starts nothing anew that a run which failed later had started already", async () => {
      const files = inputs["files"];
      const units = inputs["units"];
      assert.ok(files !== undefined && isMap(files) && units !== undefined && isMap(units));
      const pids = "systemctl show --value -p MainPID example-one example-two";
      const bad = {
        sections: { Unit: { Description: "Fails" }, Service: { Type: "oneshot", ExecStart: "/bin/false" } },
      };
      const failures: readonly [string, Properties, RegExp][] = [
        ["3", { probes: { never: { command: ["false"], timeoutSeconds: 1 } } }, /the probe "never" did not/],
        [
          "4",
          { units: { ...units, "example-bad.service": { ...bad, state: "ran" } } },
          /a unit did not start/,
        ],
      ];
      for (const [other, broken, complaint] of failures) {
        const text = `maxPods: 250\nother: ${other}\n`;
        const news = { ...inputs, files: { ...files, "/etc/example/one.conf": { content: text } } };
        const earlier = await onHost(host, pids);
        const olds = created.outputs;
        const attempt = { id: created.id, olds, oldInputs: inputs, news: { ...news, ...broken } };
        const failure = await layer.states.update(attempt, quietContext()).then(
          () => assert.fail("it must fail"),
          (error: unknown) => error,
        );
        assert.ok(failure instanceof PartialFailure);
        assert.match(failure.message, complaint);
        const started = await onHost(host, pids);
        assert.notEqual(started, earlier, "the changed file restarts its unit");
        const mended = { id: created.id, olds: failure.outputs, oldInputs: failure.inputs, news };
        const outputs = await layer.states.update(mended, quietContext());
        assert.equal(await onHost(host, pids), started, "a unit that was well was restarted");
        created = { ...created, outputs };
        inputs = news;
      }
    });

    it("takes away what is no longer declared, and brings back what was there before", async () => {
      const files = without(inputs["files"], "/etc/motd", "/etc/example/deep/er/three.conf");
      const units = without(inputs["units"], "example-two.service");
      const news = { ...inputs, files, units, sysctls: {} };
      const olds = created.outputs;
      const outputs = await layer.states.update(
        { id: created.id, olds, oldInputs: inputs, news },
        quietContext(),
      );
      const lost = await onHost(
        host,
        `ls -d /etc/example/deep /etc/systemd/system/example-two.service /etc/sysctl.d/90-rktnetes-example.conf 2>&1 | grep -vc 'No such' || true; systemctl is-active example-two || true`,
      );
      assert.equal(lost, "0\ninactive\n");
      assert.deepEqual(
        differences(pristine, await snapshotOf(host)).filter((line) =>
          /motd|rp_filter|^[-+] sysctl/.test(line),
        ),
        [],
      );
      created = { ...created, outputs };
      inputs = news;
    });

    it("does not dial for a change of nothing but the way to the host", async () => {
      const away = { ...(inputs["connection"] as Properties), port: 9 };
      const news = { ...inputs, connection: away };
      const difference = await diff(created.outputs, news);
      assert.deepEqual(difference.changes, { connection: { kind: "update" } });
      const olds = created.outputs;
      const outputs = await layer.states.update(
        { id: created.id, olds, oldInputs: inputs, news },
        quietContext(),
      );
      assert.deepEqual(outputs, created.outputs);
    });

    it("leaves the host as it was found", async () => {
      const { outputs } = created;
      await layer.states.delete({ id: created.id, outputs, inputs }, quietContext());
      await layer.claims.delete(
        { id: claim.id, outputs: claim.outputs, inputs: claimInputs },
        quietContext(),
      );
      assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
    });
  });
}
