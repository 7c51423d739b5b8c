import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LabHost } from "../../../lab/hosts.ts";
import type { Created } from "../../../provider/protocol/resource.ts";
import { Secret, type Properties } from "../../../provider/protocol/value.ts";
import {
  connectionTo,
  endLab,
  HostLayer,
  onHost,
  quietContext,
  STACK,
  startLabHost,
  textOf,
} from "./lab-host.ts";
import { differences, snapshotOf } from "./snapshot.ts";

const run = promisify(execFile);

after(endLab);

describe("many things on one host", function () {
  this.timeout(300_000);
  const name = "together";
  let host: LabHost;
  let connection: Properties;
  let pristine: string[];
  let layer: HostLayer;
  let claim: Created;
  let folder: string;
  let claimInputs: Properties;

  before(async () => {
    host = await startLabHost(name);
    connection = await connectionTo(host);
    pristine = await snapshotOf(host);
    folder = await mkdtemp(join(tmpdir(), "together-"));
    claimInputs = { host: name, connection, stack: STACK };
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  beforeEach(async () => {
    layer = new HostLayer();
    claim = await layer.claims.create(claimInputs, quietContext());
  });

  afterEach(async () => {
    const last = { id: claim.id, outputs: claim.outputs, inputs: claimInputs };
    await layer.claims.delete(last, quietContext());
    layer.close();
    assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
  });

  const role = (called: string, parts: Properties): Properties => ({
    host: name,
    role: called,
    connection,
    claim: textOf(claim.outputs, "claim"),
    ...parts,
  });
  const created = async (inputs: Properties): Promise<() => Promise<void>> => {
    const { id, outputs } = await layer.states.create(inputs, quietContext());
    return () => layer.states.delete({ id, outputs, inputs }, quietContext());
  };

  it("roles that share directories, a user and a file come and go at the same time", async () => {
    const roles = Array.from({ length: 8 }, (_, index) =>
      role(`part-${index}`, {
        users: { shared: {} },
        directories: { "/var/lib/shared": { owner: "shared", removeContents: true } },
        files: {
          "/etc/shared/common.conf": { content: "common\n" },
          [`/etc/shared/${index}/own.conf`]: { content: `${index}\n` },
        },
        sysctls: { "net.ipv4.conf.all.rp_filter": "2" },
        units: {
          [`part-${index}.service`]: {
            sections: {
              Service: { ExecStart: "/usr/bin/sleep 100000", User: "shared" },
              Install: { WantedBy: "multi-user.target" },
            },
          },
        },
      }),
    );
    const removals = await Promise.all(roles.map(created));
    assert.equal(
      (await onHost(host, "systemctl is-active 'part-*.service' | sort | uniq -c")).trim(),
      "8 active",
    );
    assert.equal(
      (await onHost(host, "ss -tnH state established '( sport = :22 )' | wc -l")).trim(),
      "2",
      "one connection of ours beside the one that counts",
    );
    const [first, ...others] = removals;
    await first?.();
    assert.equal(await onHost(host, "cat /etc/shared/common.conf; id -un shared"), "common\nshared\n");
    await Promise.all(others.map((remove) => remove()));
    assert.deepEqual(
      differences(pristine, await snapshotOf(host)).filter((line) => /shared|part-|rp_filter/.test(line)),
      [],
    );
  });

  it("the same big file is uploaded once for two roles, and not again when it is there", async () => {
    const bytes = Buffer.alloc(5 * 1024 * 1024, "big");
    const path = join(folder, "big");
    await writeFile(path, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const source = { path, sha256, size: bytes.length };
    const contexts = [quietContext(), quietContext(), quietContext()];
    const inputs = ["one", "two"].map((called) =>
      role(called, { files: { [`/var/lib/big-${called}`]: { source, mode: "0755" } } }),
    );
    await Promise.all(
      inputs.map((each, index) => layer.states.create(each, contexts[index] ?? quietContext())),
    );
    const uploads = contexts.flatMap(({ said }) => said).filter((line) => /uploads 5 MiB/.test(line));
    assert.equal(uploads.length, 1);
    assert.match(await onHost(host, "sha256sum /var/lib/big-one"), new RegExp(`^${sha256}`));
    const again = quietContext();
    await layer.states.create(inputs[0] ?? {}, again);
    assert.ok(!again.said.some((line) => /upload/.test(line)));
  });

  it("a file that was changed on this machine since it was planned with is refused", async () => {
    const path = join(folder, "program");
    await writeFile(path, "as built now");
    const source = { path, sha256: "0".repeat(64), size: 12 };
    await assert.rejects(
      layer.states.create(role("program", { files: { "/opt/program": { source } } }), quietContext()),
      /program: a file on this machine is not the one that was planned with\n +got: +sha256 [0-9a-f]{64}\n +allowed: sha256 0{64}/,
    );
  });

  it("a connection that is cut in the middle is made anew, and the work completed", async () => {
    const context = quietContext();
    const inputs = role("cut", {
      files: { "/etc/cut": { content: "cut\n" } },
      probes: {
        slow: { command: ["sh", "-c", "test -e /run/go || { sleep 1; false; }"], timeoutSeconds: 60 },
      },
    });
    const creating = layer.states.create(inputs, context);
    await context.heard(/waits for slow/);
    await onHost(
      host,
      `for p in $(pgrep -f 'sshd.*root@notty'); do if [ "$p" != "$(ps -o ppid= -p $$ | tr -d ' ')" ]; then kill "$p" 2>/dev/null; fi; done; touch /run/go`,
    ).catch(() => onHost(host, "touch /run/go"));
    await creating;
    await onHost(host, "rm -f /run/go");
    assert.ok(
      context.said.some((line) => /the connection broke/.test(line)),
      context.said.join("\n"),
    );
    assert.equal(await onHost(host, "cat /etc/cut"), "cut\n");
  });

  it("an interrupt ends the work at its next step, with nothing said about retrying", async () => {
    const controller = new AbortController();
    const context = quietContext(controller.signal);
    const probes = { never: { command: ["false"], timeoutSeconds: 60 } };
    const creating = layer.states.create(role("interrupted", { probes }), context);
    await context.heard(/waits for never/);
    controller.abort(new Error("the run was interrupted"));
    await assert.rejects(creating, /the run was interrupted/);
    assert.ok(!context.said.some((line) => /broke|dials again/.test(line)));
  });

  it("work that takes longer than customTimeouts allow ends with what to do", async () => {
    const probes = { never: { command: ["false"], timeoutSeconds: 60 } };
    const context = { ...quietContext(), timeoutSeconds: 1 };
    await assert.rejects(
      layer.states.create(role("long", { probes }), context),
      /longer than its customTimeouts allow \(1 s\)/,
    );
  });

  it("what is mounted below a data directory is unmounted before it goes", async () => {
    const inputs = role("mounts", { directories: { "/var/lib/mounts": { removeContents: true } } });
    const remove = await created(inputs);
    await onHost(
      host,
      "mkdir -p /var/lib/mounts/a/b; mount -t tmpfs none /var/lib/mounts/a; mkdir '/var/lib/mounts/a/with space'; mount -t tmpfs none '/var/lib/mounts/a/with space'",
    );
    await remove();
    assert.equal(
      await onHost(
        host,
        "grep -c /var/lib/mounts /proc/self/mountinfo || true; ls -d /var/lib/mounts 2>&1 || true",
      ),
      "0\nls: cannot access '/var/lib/mounts': No such file or directory\n",
    );
  });

  it("no secret is ever part of a command line on the host", async () => {
    await onHost(
      host,
      `systemd-run --quiet --unit=watcher sh -c 'while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -a "kept-[p]rivate" >>/run/leaked; done'`,
    );
    try {
      const secret = new Secret("kept-private-7d1e\n");
      const files = Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => [`/etc/leak/${index}`, { content: secret, mode: "0600" }]),
      );
      const remove = await created(role("leak", { files }));
      await remove();
    } finally {
      await onHost(host, "systemctl stop watcher");
    }
    assert.equal(await onHost(host, "cat /run/leaked; rm -f /run/leaked"), "");
  });

  it("logs in with an encrypted key file, and with an agent", async () => {
    const keyFile = join(folder, "id");
    await run("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "open sesame", "-f", keyFile]);
    const { stdout: publicKey } = await run("cat", [`${keyFile}.pub`]);
    await onHost(
      host,
      `cp -a /root/.ssh/authorized_keys /run/keys; echo '${publicKey.trim()}' >>/root/.ssh/authorized_keys`,
    );
    const socket = join(folder, "agent.sock");
    const { stdout: agent } = await run("ssh-agent", ["-s", "-a", socket]);
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]);
    const bare = { address: host.address, hostKeys: host.hostKeys, deadlineSeconds: 5 };
    const reading = { id: claim.id, outputs: claim.outputs };
    try {
      const byFile = {
        ...claimInputs,
        connection: { ...bare, keyFile, passphrase: new Secret("open sesame") },
      };
      assert.equal((await layer.claims.read({ ...reading, inputs: byFile }, quietContext())).id, claim.id);
      const wrong = {
        ...claimInputs,
        connection: { ...bare, keyFile, passphrase: new Secret("open barley") },
      };
      await assert.rejects(
        layer.claims.read({ ...reading, inputs: wrong }, quietContext()),
        /private key cannot be used/,
      );
      const byAgent = { ...claimInputs, connection: { ...bare, agent: socket } };
      await assert.rejects(
        layer.claims.read({ ...reading, inputs: byAgent }, quietContext()),
        /login as "root" was refused/,
      );
      const askpass = join(folder, "askpass");
      await writeFile(askpass, "#!/bin/sh\necho open sesame\n", { mode: 0o700 });
      const env = {
        ...process.env,
        SSH_AUTH_SOCK: socket,
        SSH_ASKPASS: askpass,
        SSH_ASKPASS_REQUIRE: "force",
      };
      await run("ssh-add", [keyFile], { env });
      assert.equal((await layer.claims.read({ ...reading, inputs: byAgent }, quietContext())).id, claim.id);
    } finally {
      process.kill(pid);
      await onHost(host, "cat /run/keys >/root/.ssh/authorized_keys; rm /run/keys");
    }
  });
});
