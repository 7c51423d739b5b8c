import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { isList, Secret, UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";
import { certificateIn, newAuthority, resourceOf, TestClock, text } from "./kinds.ts";

describe("an authority", () => {
  it("is a self-signed P-256 certificate that may sign others", async () => {
    const { outputs } = await newAuthority(new TestClock(), { organization: "rktnetes" });
    const certificate = certificateIn(outputs);
    assert.equal(certificate.ca, true);
    assert.equal(certificate.subject, "O=rktnetes\nCN=cluster");
    assert.equal(certificate.checkIssued(certificate), true);
    assert.equal(certificate.verify(certificate.publicKey), true);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.equal(certificate.checkPrivateKey(createPrivateKey(text(outputs, "privateKey"))), true);
    assert.match(text(outputs, "privateKey"), /^-----BEGIN PRIVATE KEY-----\n/);
    assert.equal(outputs["fingerprint"], certificate.fingerprint256);
    assert.equal(outputs["bundle"], outputs["certificate"]);
  });

  it("counts from a little before now, for clocks that are behind, until its days are over", async () => {
    const { outputs } = await newAuthority(new TestClock("2026-11-21T12:00:00.9Z"), { validityDays: 10 });
    const certificate = certificateIn(outputs);
    assert.equal(new Date(certificate.validFrom).toISOString(), "2026-11-21T11:55:00.000Z");
    assert.equal(new Date(certificate.validTo).toISOString(), "2026-12-01T12:00:00.000Z");
    assert.equal(outputs["notBefore"], "2026-11-21T11:55:00.000Z");
    assert.equal(outputs["notAfter"], "2026-12-01T12:00:00.000Z");
  });

  it("may outlive 2049, where X.509 writes dates in another way", async () => {
    const { outputs } = await newAuthority(new TestClock("2026-11-21T12:00:00Z"), { validityDays: 36500 });
    assert.equal(new Date(certificateIn(outputs).validTo).toISOString(), outputs["notAfter"]);
    assert.match(text(outputs, "notAfter"), /^2126-/);
  });

  it("has a P-384 key on request", async () => {
    const { outputs } = await newAuthority(new TestClock(), { algorithm: "EC-P384" });
    const certificate = certificateIn(outputs);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "secp384r1");
    assert.equal(certificate.verify(certificate.publicKey), true);
  });

  it("is wholly unknown before it is created, and its key a secret even then", async () => {
    const run = await resourceOf("rktnetes:pki:Authority").up({ commonName: "cluster" });
    assert.equal(run.previewed["certificate"], UNKNOWN);
    assert.equal(run.previewed["bundle"], UNKNOWN);
    assert.deepEqual(run.previewed["privateKey"], new Secret(UNKNOWN));
  });

  it("stays as it is when nothing asks for another", async () => {
    const clock = new TestClock();
    const authority = await newAuthority(clock);
    clock.passDays(3000);
    assert.equal((await authority.up({ commonName: "cluster" })).operation, "same");
  });

  it("survives a refresh, and leaves nothing to delete", async () => {
    const authority = await newAuthority(new TestClock());
    const before = authority.outputs;
    assert.equal(await authority.refresh(), true);
    assert.deepEqual(authority.outputs, before);
    await authority.destroy();
  });

  describe("in its renewal window", () => {
    const inWindow = async () => {
      const clock = new TestClock();
      const authority = await newAuthority(clock);
      const before = authority.outputs;
      clock.passDays(3650 - 364);
      return { authority, before, clock };
    };

    it("is shown as an update, with the reason", async () => {
      const { authority } = await inWindow();
      const { difference, previewed } = await authority.preview({ commonName: "cluster" });
      assert.deepEqual(difference.changes, { notAfter: { kind: "update", inputDiff: false } });
      assert.deepEqual(difference.lines, [
        "the authority is signed again with the same key: it expires on 2036-11-18, and is renewed from 2035-11-19 on",
      ]);
      assert.equal(previewed["certificate"], UNKNOWN);
      assert.deepEqual(previewed["privateKey"], authority.outputs["privateKey"]);
    });

    it("is signed again with the same key, and is then left alone", async () => {
      const { authority, before } = await inWindow();
      const run = await authority.up({ commonName: "cluster" });
      assert.equal(run.operation, "update");
      assert.deepEqual(run.outputs["privateKey"], before["privateKey"]);
      assert.notEqual(run.outputs["certificate"], before["certificate"]);
      assert.match(text(run.outputs, "notAfter"), /^2045-/);
      assert.equal(run.outputs["bundle"], run.outputs["certificate"]);
      assert.equal((await authority.up({ commonName: "cluster" })).operation, "same");
    });
  });

  describe("of another generation", () => {
    it("has a new key, in place, and its bundle holds the former certificate too", async () => {
      const authority = await newAuthority(new TestClock());
      const before = authority.outputs;
      const run = await authority.up({ commonName: "cluster", generation: 2 });
      assert.deepEqual(run.difference.changes, { generation: { kind: "update" } });
      assert.deepEqual(run.difference.lines, ["the authority gets a new key: another generation"]);
      assert.deepEqual(run.previewed["privateKey"], new Secret(UNKNOWN));
      assert.notDeepEqual(run.outputs["privateKey"], before["privateKey"]);
      assert.deepEqual(run.outputs["previousCertificates"], [before["certificate"]]);
      assert.equal(run.outputs["bundle"], text(run.outputs, "certificate") + text(before, "certificate"));
    });

    it("keeps as many former certificates as are asked for, the latest first", async () => {
      const authority = await newAuthority(new TestClock(), { keep: 2 });
      const certificates = [authority.outputs["certificate"]];
      for (const generation of [2, 3, 4]) {
        await authority.up({ commonName: "cluster", keep: 2, generation });
        certificates.unshift(authority.outputs["certificate"]);
      }
      assert.deepEqual(authority.outputs["previousCertificates"], certificates.slice(1, 3));
      const run = await authority.up({ commonName: "cluster", keep: 0, generation: 4 });
      assert.deepEqual(run.outputs["previousCertificates"], []);
      assert.equal(run.outputs["certificate"], certificates[0]);
    });

    it("drops former certificates that have expired", async () => {
      const clock = new TestClock();
      const authority = await newAuthority(clock, { validityDays: 10 });
      clock.passDays(11);
      const { outputs } = await authority.up({ commonName: "cluster", validityDays: 10, generation: 2 });
      assert.deepEqual(outputs["previousCertificates"], []);
    });
  });

  it("gets a new key with another name or algorithm, and the former one stays trusted", async () => {
    for (const change of [{ commonName: "other" }, { organization: "o" }, { algorithm: "EC-P384" }]) {
      const authority = await newAuthority(new TestClock());
      const before = authority.outputs;
      const { outputs } = await authority.up({ commonName: "cluster", ...change });
      assert.notDeepEqual(outputs["privateKey"], before["privateKey"]);
      assert.ok(isList(outputs["previousCertificates"] ?? null));
      assert.deepEqual(outputs["previousCertificates"], [before["certificate"]]);
    }
  });

  it("with another validity is signed again with the same key", async () => {
    const authority = await newAuthority(new TestClock());
    const before = authority.outputs;
    const { outputs } = await authority.up({ commonName: "cluster", validityDays: 100 });
    assert.deepEqual(outputs["privateKey"], before["privateKey"]);
    assert.match(text(outputs, "notAfter"), /^2027-03-01/);
  });

  it("has all its mistakes reported at once, with paths", async () => {
    const program: Properties = {
      commonName: "",
      algorithm: "EC-P512",
      validityDays: 0,
      generation: 1.5,
      keep: -1,
      color: "red",
    };
    const { failures } = await resourceOf("rktnetes:pki:Authority").up(program);
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["algorithm", "color", "commonName", "generation", "keep", "validityDays"],
    );
    const reasons = failures.map(({ reason }) => reason).join("\n");
    assert.match(reasons, /"EC-P256"\|"EC-P384"; got "EC-P512"/);
    assert.match(reasons, /must be at least one day; got 0/);
  });

  it("must not be in its renewal window from the first day on", async () => {
    const { failures } = await resourceOf("rktnetes:pki:Authority").up({
      commonName: "cluster",
      validityDays: 30,
      renewBeforeDays: 30,
    });
    assert.deepEqual(failures, [
      { property: "renewBeforeDays", reason: "must be less than validityDays; got 30" },
    ]);
  });

  it("may have a name that is not known yet", async () => {
    const authority = await newAuthority(new TestClock());
    const { previewed } = await authority.preview({ commonName: UNKNOWN });
    assert.equal(previewed["certificate"], UNKNOWN);
  });

  it("cannot be imported", async () => {
    const authority = resourceOf("rktnetes:pki:Authority");
    const reading = authority.kind.read({ id: "x", outputs: {}, inputs: {} }, authority.context());
    await assert.rejects(reading, /cannot be imported/);
  });
});
