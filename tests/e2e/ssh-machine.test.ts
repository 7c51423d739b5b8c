/** A machine that is there already: what can be wrong with it, a cluster on it, and the machine as it was. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually } from "../support/await.ts";
import { fetchText } from "../support/cluster-page.ts";
import { exportedText, previewSteps } from "../support/exported-state.ts";
import { hostSnapshot } from "../support/host-snapshot.ts";
import { differences, type Snapshot } from "../support/machine-snapshot.ts";
import { failed, runProcess, succeeded } from "../support/process.ts";
import { leaksIn, needlesOf } from "../support/secrets.ts";
import { StackUnderTest } from "../support/stack-under-test.ts";
import { Metal } from "../support/metal.ts";

const stack = new StackUnderTest("metal");
const metal = await Metal.planned("nspawn", join(stack.checkout.folder, ".rktnetes", "keys"));

describe("a machine reached by ssh, as a user with sudo", () => {
  const said: string[] = [];
  let pristine: Snapshot;

  /** Fails, and tells host, cause and remedy in a text that matches. */
  const refuses = async (...parts: readonly RegExp[]): Promise<void> => {
    const text = failed(await stack.pulumi(["up", "--yes", "--skip-preview"]), "up");
    said.push(text);
    for (const part of [/\bmetal\b/, /remedy: /, ...parts]) assert.match(text, part);
  };

  before(async () => {
    // What a run that was cut off has left of the stack is of no use: its machine is made anew.
    await stack.forget();
    await metal.make();
    await stack.prepare(metal.settings());
    await stack.checkout.pulumi(["stack", "select", "--create", stack.name]);
    // The package that a role needs is not there, so that it has to be installed, and to go again.
    await metal.host.run("DEBIAN_FRONTEND=noninteractive apt-get -qq purge -y crun >/dev/null");
    pristine = await hostSnapshot(metal.host);
  });

  after(async () => {
    await stack.takeAway();
    await metal.remove();
  });

  describe("with something wrong", () => {
    it("tells that nobody answers, and after how long", async () => {
      await stack.configure(metal.settings({ deadlineSeconds: 3 }, metal.nobody));
      await refuses(
        new RegExp(`${metal.nobody.replaceAll(".", "\\.")}:22`),
        /could not be reached within 3 s/,
        /cause: /,
        /switched on/,
      );
    });

    it("refuses a host key that is not the pinned one", async () => {
      const other = `ssh-ed25519 ${Buffer.concat([Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0 "), Buffer.alloc(32, 7)]).toString("base64")}`;
      await stack.configure(metal.settings({ hostKeys: [other] }));
      await refuses(
        /the host's key is not the one that is pinned: nothing was sent/,
        /SHA256:/,
        /installed anew/,
      );
    });

    it("tells whose login was refused", async () => {
      await stack.configure(metal.settings({ keyFile: await metal.keyNamed("stranger") }));
      await refuses(/login as "operator" was refused/, /authorized_keys/);
    });

    it("tells of a taken port and of a full disk together, and changes nothing", async () => {
      await stack.configure(metal.settings());
      await metal.host.run(`set -e
systemd-run --quiet --unit=squatter socat TCP-LISTEN:6443,fork /dev/null
mount -t tmpfs -o size=64m tmpfs /var/lib`);
      try {
        await refuses(
          /2 findings, and nothing was changed/,
          /port 6443\/tcp is taken/,
          /squatter\.service/,
          /too little room below \/var\/lib/,
        );
      } finally {
        await metal.host.run(
          "umount /var/lib; systemctl stop squatter.service; systemctl reset-failed squatter.service 2>/dev/null; true",
        );
      }
      assert.deepEqual(differences(pristine, await hostSnapshot(metal.host)), []);
    });

    it("tells where the room ran out", async () => {
      await metal.host.run("mount -t tmpfs -o size=8m tmpfs /opt");
      try {
        await refuses(/No space left on device/);
      } finally {
        await metal.host.run("umount /opt");
      }
    });

    it("tells which package cannot be had", async () => {
      const pin = "/etc/apt/preferences.d/never-crun";
      await metal.host.run(`printf 'Package: crun\\nPin: release *\\nPin-Priority: -1\\n' >${pin}`);
      try {
        await refuses(/crun/, /cause: /);
      } finally {
        await metal.host.run(`rm ${pin}`);
      }
    });
  });

  describe("with all of it mended", () => {
    it("gets its cluster by the next run, which serves the page", async () => {
      const up = await stack.mustUp();
      said.push(up);
      assert.match(up, /✔ nodes Ready +1 of 1: metal/);
      assert.match(up, /✔ page fetched from http:\S+ +Hello world/);
      assert.equal(await fetchText(`http://${metal.address}:30090/`), "Hello world");
    });

    it("is reached with an encrypted key, and with one that an agent holds", async () => {
      const passphrase = "correct-horse-battery-staple";
      const encrypted = await metal.keyNamed("encrypted", passphrase);
      await stack.configure(metal.settings({ keyFile: encrypted, passphrase }));
      const up = await stack.pulumi(["up", "--yes", "--skip-preview"]);
      said.push(`${up.stdout}${up.stderr}`);
      succeeded(up, "up with an encrypted key");
      assert.ok(!said.join("\n").includes(passphrase));

      const socket = join(stack.checkout.folder, ".rktnetes", "keys", "agent");
      const agent = new AbortController();
      const running = runProcess("ssh-agent", ["-D", "-a", socket], { signal: agent.signal }).catch(
        () => undefined,
      );
      try {
        const env = { SSH_AUTH_SOCK: socket };
        await eventually(
          "the agent to hold the key",
          async () => succeeded(await runProcess("ssh-add", ["-q", metal.keyFile], { env }), "ssh-add"),
          { seconds: 20 },
        );
        await stack.configure(metal.settings({ agent: socket }));
        succeeded(await stack.pulumi(["up", "--yes", "--skip-preview"]), "up with an agent");
        succeeded(await stack.pulumi(["refresh", "--yes", "--skip-preview"]), "a refresh with an agent");
        assert.deepEqual(await previewSteps(stack.checkout, stack.name), []);
      } finally {
        agent.abort();
        await running;
        await stack.configure(metal.settings());
      }
    });

    it("has shown no secret, neither in errors nor in what went well", async () => {
      const needles = needlesOf(JSON.parse(await exportedText(stack.checkout, stack.name, "--show-secrets")));
      assert.ok(needles.length > 10);
      assert.deepEqual(leaksIn("the output", said.join("\n"), needles), []);
    });

    it("is left as it was found", async () => {
      succeeded(await stack.pulumi(["up", "--yes", "--skip-preview"]), "up with the key file");
      succeeded(await stack.down(), "down");
      assert.deepEqual(differences(pristine, await hostSnapshot(metal.host)), []);
    });
  });
});
