import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { LabHost } from "../../../lab/hosts.ts";
import { PartialFailure, type Created } from "../../../provider/protocol/resource.ts";
import { isMap, Secret, type Properties } from "../../../provider/protocol/value.ts";
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

after(endLab);

describe("what stands in the way", function () {
  this.timeout(300_000);
  const name = "refusals";
  let host: LabHost;
  let connection: Properties;
  let layer: HostLayer;
  let pristine: string[];

  before(async () => {
    host = await startLabHost(name);
    connection = await connectionTo(host);
    pristine = await snapshotOf(host);
  });

  beforeEach(() => {
    layer = new HostLayer();
  });

  afterEach(() => {
    layer.close();
  });

  const claimHost = (changes: Properties = {}, context = quietContext()): Promise<Created> =>
    layer.claims.create({ host: name, connection, stack: STACK, ...changes }, context);
  const unclaim = (claim: Created): Promise<void> =>
    layer.claims.delete(
      { id: claim.id, outputs: claim.outputs, inputs: { host: name, connection, stack: STACK } },
      quietContext(),
    );
  const role = (claim: Created, parts: Properties): Properties => ({
    host: name,
    role: "refused",
    connection,
    claim: textOf(claim.outputs, "claim"),
    ...parts,
  });

  it("another host key is refused at once, with both and the remedy, and nothing is sent", async () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBJvn1Y6zr4YXozOK9JSKTZ0byAgiDzfdfpf0000000D";
    const context = quietContext();
    await assert.rejects(
      claimHost({ connection: { ...connection, hostKeys: [other] } }, context),
      (error: Error) => {
        assert.match(error.message, /refusals: the host's key is not the one that is pinned/);
        assert.match(error.message, /got: +SHA256:/);
        assert.match(error.message, /allowed: SHA256:/);
        assert.match(error.message, /remedy:/);
        return true;
      },
    );
    assert.ok(!context.said.some((line) => /again in/.test(line)), "it was tried again");
  });

  it("a host without a pinned key is refused, unless trust on first use was asked for", async () => {
    await assert.rejects(claimHost({ connection: { ...connection, hostKeys: [] } }), /no host key is pinned/);
    const trusting = { ...connection, hostKeys: [], trustOnFirstUse: true };
    const claim = await claimHost({ connection: trusting });
    assert.deepEqual(
      claim.outputs["hostKeys"],
      host.hostKeys
        .filter((key) => key.startsWith("ssh-ed25519"))
        .map((key) => key.split(" ").slice(0, 2).join(" ")),
    );
    await unclaim(claim);
  });

  it("a key that the host does not know is refused at once", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const context = quietContext();
    await assert.rejects(
      claimHost({ connection: { ...connection, privateKey: new Secret(pem) } }, context),
      (error: Error) => {
        assert.match(error.message, /login as "root" was refused/);
        assert.match(error.message, /authorized_keys/);
        return true;
      },
    );
    assert.ok(!context.said.some((line) => /again in/.test(line)), "it was tried again");
  });

  it("a host that is away is tried until the deadline, and the error says how to let go of it", async () => {
    const away = { ...connection, port: 2, deadlineSeconds: 2 };
    const context = quietContext();
    await assert.rejects(
      layer.claims.create({ host: name, connection: away, stack: STACK }, context),
      (error: Error) => {
        assert.match(
          error.message,
          new RegExp(
            `refusals \\(${host.address.replaceAll(".", "\\.")}:2\\): the host could not be reached within 2 s`,
          ),
        );
        assert.match(error.message, /cause: +.*ECONNREFUSED/);
        assert.match(error.message, /RKTNETES_ABANDON=refusals/);
        return true;
      },
    );
    assert.ok(context.said.filter((line) => /is away .* attempt \d+; again in/.test(line)).length >= 3);
  });

  it("a host that is gone for good is let go of by explicit choice, with a warning of what may stay", async () => {
    const away = { ...connection, port: 2, deadlineSeconds: 1 };
    const context = quietContext();
    const claim = "organization/host-layer/test/refusals";
    const state = { host: name, role: "gone", connection: away, claim, abandon: true };
    await layer.states.delete({ id: "x", outputs: {}, inputs: state }, context);
    await layer.claims.delete(
      { id: name, outputs: {}, inputs: { host: name, connection: away, stack: STACK, abandon: true } },
      context,
    );
    assert.equal(context.said.filter((line) => /is abandoned/.test(line)).length, 2);
    process.env["RKTNETES_ABANDON"] = `other,${name}`;
    try {
      await layer.states.delete({ id: "x", outputs: {}, inputs: { ...state, abandon: false } }, context);
    } finally {
      delete process.env["RKTNETES_ABANDON"];
    }
    await assert.rejects(
      layer.states.delete({ id: "x", outputs: {}, inputs: { ...state, abandon: false } }, context),
      /could not be reached/,
    );
  });

  it("sudo that wants a password is named with the line for sudoers", async () => {
    await onHost(host, "echo 'operator ALL=(ALL:ALL) ALL' >/etc/sudoers.d/operator");
    try {
      await assert.rejects(claimHost({ connection: { ...connection, user: "operator" } }), (error: Error) => {
        assert.match(error.message, /sudo wants a .*password from "operator"/);
        assert.match(error.message, /operator ALL=\(ALL:ALL\) NOPASSWD: ALL/);
        return true;
      });
    } finally {
      await onHost(host, "echo 'operator ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/operator");
    }
  });

  it("preflight reports everything at once, and changes nothing", async () => {
    const requirements = {
      releases: ["99"],
      minimumKernel: "99.1",
      minimumMemoryMiB: 99_999_999,
      ports: ["22/tcp"],
      resolves: ["no-such-name.invalid"],
      cidrs: [`${host.address}/16`],
      swapOff: false,
    };
    await assert.rejects(claimHost({ requirements }), (error: Error) => {
      for (const finding of [
        /cannot be used as it is: 6 findings, and nothing was changed/,
        /operating system is not supported\n +got: +debian 13\n +allowed: debian 99/,
        /the kernel is too old/,
        /too little memory/,
        /port 22\/tcp is taken\n +got: +(sshd|systemd)\[\d+\] of (ssh\.service|ssh\.socket|init\.scope)/,
        /no-such-name\.invalid/,
        /\/16 overlaps/,
      ]) {
        assert.match(error.message, finding);
      }
      return true;
    });
    assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
  });

  it("another stack's claim is refused with its name, and our own is adopted", async () => {
    const claim = await claimHost();
    await assert.rejects(claimHost({ stack: "organization/other/dev" }), (error: Error) => {
      assert.match(
        error.message,
        /claimed by another stack\n +got: +organization\/host-layer\/test\/refusals/,
      );
      return true;
    });
    const again = await claimHost();
    assert.deepEqual(again.outputs, claim.outputs);
    assert.equal(
      (await onHost(host, "cat /var/lib/rktnetes/claim.json")).match(/"generation":(\d+)/)?.[1],
      "2",
    );
    const stranger = role(claim, {
      claim: "organization/other/dev/refusals",
      files: { "/etc/x": { content: "x" } },
    });
    await assert.rejects(layer.states.create(stranger, quietContext()), /claimed by another stack/);
    await unclaim(claim);
    await assert.rejects(layer.states.create(role(claim, {}), quietContext()), /not claimed/);
  });

  it("a claim that is gone from the host reads as gone", async () => {
    const claim = await claimHost();
    await onHost(host, "rm /var/lib/rktnetes/claim.json");
    const inputs = { host: name, connection, stack: STACK };
    const read = await layer.claims.read({ id: claim.id, outputs: claim.outputs, inputs }, quietContext());
    assert.equal(read.id, "");
    await unclaim(await claimHost());
  });

  it("a package that does not exist is named, and what is there is recorded", async () => {
    const claim = await claimHost();
    await assert.rejects(
      layer.states.create(
        role(claim, { packages: { "no-such-package": "", "nor-this": "1.0" } }),
        quietContext(),
      ),
      (error: unknown) => {
        assert.ok(error instanceof PartialFailure);
        assert.match(
          error.message,
          /refusals: packages cannot be installed\n +got: +no-such-package, nor-this=1\.0/,
        );
        assert.match(error.message, /Unable to locate package no-such-package/);
        assert.match(error.message, /remedy: +.*apt-cache policy/);
        assert.equal(error.outputs["role"], "refused");
        return true;
      },
    );
    await unclaim(claim);
    assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
  });

  it("a full disk is named with the room that is needed, and mended by the next run", async () => {
    const claim = await claimHost();
    await onHost(host, "mount -t tmpfs -o size=256k tmpfs /var/lib/rktnetes/blobs");
    const inputs = role(claim, { files: { "/etc/large": { content: "x".repeat(700_000) } } });
    try {
      await assert.rejects(layer.states.create(inputs, quietContext()), (error: unknown) => {
        assert.ok(error instanceof PartialFailure);
        assert.match(error.message, /uploading one file \(0\.7 MiB\) failed: the disk is full/);
        assert.match(error.message, /remedy: +make room on the host .* 0\.7 MiB are needed/);
        return true;
      });
    } finally {
      await onHost(host, "umount /var/lib/rktnetes/blobs");
    }
    const created = await layer.states.create(inputs, quietContext());
    assert.equal(await onHost(host, "stat -c %s /etc/large"), "700000\n");
    await layer.states.delete({ id: created.id, outputs: created.outputs, inputs }, quietContext());
    await unclaim(claim);
    assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
  });

  it("a unit that fails is shown with the end of its journal, without secrets, and stays in the state", async () => {
    const claim = await claimHost();
    const unit = {
      sections: {
        Service: {
          Environment: new Secret("TOKEN=hunter2hunter2"),
          ExecStart: "/bin/sh -c 'echo the token is $TOKEN, the port is taken; exit 3'",
        },
      },
    };
    const inputs = role(claim, { units: { "doomed.service": unit } });
    await assert.rejects(layer.states.create(inputs, quietContext()), (error: unknown) => {
      assert.ok(error instanceof PartialFailure);
      assert.match(error.message, /refusals: doomed\.service: a unit did not start/);
      assert.match(error.message, /the token is \[secret\], the port is taken/);
      assert.match(error.message, /remedy: +.*journalctl -u doomed\.service/);
      const units = error.outputs["units"];
      assert.ok(units !== undefined && isMap(units));
      const doomed = units["doomed.service"];
      assert.ok(doomed !== undefined && isMap(doomed));
      assert.equal(doomed["condition"], "failed");
      return true;
    });
    await unclaim(claim);
    assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
  });

  it("a probe that never succeeds ends at its deadline with what it said last", async () => {
    const claim = await claimHost();
    const probes = { ready: { command: ["sh", "-c", "echo not yet; exit 4"], timeoutSeconds: 1 } };
    await assert.rejects(layer.states.create(role(claim, { probes }), quietContext()), (error: Error) => {
      assert.match(error.message, /the probe "ready" did not succeed within 1 s/);
      assert.match(error.message, /cause: +not yet/);
      return true;
    });
    await unclaim(claim);
  });

  it("a second run waits for the first, names it, and goes on when it is gone", async () => {
    const first = new HostLayer();
    const held = await first.claims.create({ host: name, connection, stack: STACK }, quietContext());
    const context = quietContext();
    const second = layer.claims.create({ host: name, connection, stack: STACK }, context);
    const line = await context.heard(/waits for another run to end/);
    assert.match(line, /organization\/host-layer\/test\/refusals from .*, process \d+, since/);
    first.close();
    await second;
    await unclaim(held);
    assert.deepEqual(differences(pristine, await snapshotOf(host)), []);
  });
});
