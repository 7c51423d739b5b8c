import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { partOf, Secret, UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";
import type { Lifecycle } from "../protocol/lifecycle.ts";
import { certificateIn, newAuthority, resourceOf, signerOf, TestClock, text } from "./kinds.ts";

const APISERVER: Properties = {
  authority: "cluster",
  commonName: "kube-apiserver",
  dnsNames: ["kubernetes", "kubernetes.default.svc.cluster.local"],
  addresses: ["10.96.0.1", "fd00::1", "::ffff:192.0.2.7"],
  usages: ["server"],
};
const KUBELET: Properties = {
  authority: "cluster",
  commonName: "system:node:worker-0",
  organizations: ["system:nodes"],
  usages: ["client"],
};
const ETCD: Properties = {
  authority: "etcd",
  commonName: "etcd",
  dnsNames: ["localhost"],
  usages: ["client", "server"],
};

describe("leaves", () => {
  let clock: TestClock;
  let cluster: Lifecycle;
  let etcd: Lifecycle;
  let leaves: Lifecycle;

  beforeEach(async () => {
    clock = new TestClock();
    cluster = await newAuthority(clock);
    etcd = await newAuthority(clock, { commonName: "etcd", algorithm: "EC-P384" });
    leaves = resourceOf("rktnetes:pki:Leaves", clock);
  });

  const program = (wanted: Properties): Properties => ({
    authorities: { cluster: signerOf(cluster), etcd: signerOf(etcd) },
    leaves: wanted,
  });
  const ALL = { apiserver: APISERVER, kubelet: KUBELET, etcd: ETCD };
  const leaf = (name: string) => partOf(leaves.outputs["leaves"] ?? null, name);

  it("are signed by their authorities, with names, groups and usages as Kubernetes reads them", async () => {
    const { outputs } = await leaves.up(program(ALL));
    const apiserver = certificateIn(outputs, "leaves", "apiserver");
    assert.equal(apiserver.checkIssued(certificateIn(cluster.outputs)), true);
    assert.equal(apiserver.verify(certificateIn(cluster.outputs).publicKey), true);
    assert.equal(apiserver.ca, false);
    assert.deepEqual(apiserver.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.equal(
      apiserver.checkHost("kubernetes.default.svc.cluster.local"),
      "kubernetes.default.svc.cluster.local",
    );
    assert.equal(
      apiserver.subjectAltName,
      "DNS:kubernetes, DNS:kubernetes.default.svc.cluster.local, " +
        "IP Address:10.96.0.1, IP Address:FD00:0:0:0:0:0:0:1, IP Address:192.0.2.7",
    );
    const kubelet = certificateIn(outputs, "leaves", "kubelet");
    assert.equal(kubelet.subject, "O=system:nodes\nCN=system:node:worker-0");
    assert.deepEqual(kubelet.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
    assert.equal(kubelet.subjectAltName, undefined);
    const member = certificateIn(outputs, "leaves", "etcd");
    assert.equal(member.verify(certificateIn(etcd.outputs).publicKey), true);
    assert.deepEqual(member.keyUsage, ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
  });

  it("come with their own private key, serial number and end", async () => {
    const { outputs } = await leaves.up(program(ALL));
    const serials = Object.keys(ALL).map((name) => {
      const certificate = certificateIn(outputs, "leaves", name);
      const key = createPrivateKey(text(outputs, "leaves", name, "privateKey"));
      assert.equal(certificate.checkPrivateKey(key), true);
      assert.equal(text(outputs, "leaves", name, "notAfter"), "2027-11-21T12:00:00.000Z");
      assert.equal(new Date(certificate.validTo).toISOString(), "2027-11-21T12:00:00.000Z");
      assert.equal(certificate.serialNumber.toLowerCase(), text(outputs, "leaves", name, "serial"));
      return certificate.serialNumber;
    });
    assert.equal(new Set(serials).size, 3);
  });

  it("satisfy openssl's strict verification, before and after their authority was signed again", async function () {
    const folder = await mkdtemp(join(tmpdir(), "rktnetes-leaves-"));
    const at = (name: string): string => join(folder, name);
    const openssl = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)("openssl", args, { env: { ...process.env, LC_ALL: "C" } })).stdout;
    if ((await openssl("version").catch(() => "")) === "") this.skip();
    const verify = async (purpose: string, name: string): Promise<void> => {
      await writeFile(at("leaf.pem"), text(leaves.outputs, "leaves", name, "certificate"));
      await writeFile(at("ca.pem"), text(name === "etcd" ? etcd.outputs : cluster.outputs, "bundle"));
      const when = String(Math.floor(clock.now.getTime() / 1000));
      const strict = ["-x509_strict", "-check_ss_sig", "-attime", when, "-purpose", purpose];
      assert.match(await openssl("verify", ...strict, "-CAfile", at("ca.pem"), at("leaf.pem")), /: OK\n$/);
    };
    try {
      await leaves.up(program(ALL));
      await verify("sslserver", "apiserver");
      await verify("sslclient", "kubelet");
      await verify("sslserver", "etcd");
      clock.passDays(3650 - 364);
      await leaves.up(program(ALL));
      const before = leaf("apiserver");
      assert.equal((await cluster.up({ commonName: "cluster" })).operation, "update");
      assert.equal((await leaves.up(program(ALL))).operation, "same");
      assert.deepEqual(leaf("apiserver"), before);
      await verify("sslserver", "apiserver");
      await assert.rejects(verify("sslclient", "apiserver"), /unsuitable certificate purpose|unsupported/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("stay byte for byte when nothing asks for others", async () => {
    await leaves.up(program(ALL));
    clock.passDays(300);
    const sorted = { ...APISERVER, dnsNames: ["kubernetes.default.svc.cluster.local", "kubernetes"] };
    const run = await leaves.up(program({ etcd: ETCD, kubelet: KUBELET, apiserver: sorted }));
    assert.equal(run.operation, "same");
  });

  it("are issued again one by one: another name in one leaves the others their bytes", async () => {
    await leaves.up(program(ALL));
    const [apiserver, kubelet] = [leaf("apiserver"), leaf("kubelet")];
    const run = await leaves.up(program({ ...ALL, apiserver: { ...APISERVER, addresses: ["10.96.0.2"] } }));
    assert.deepEqual(run.difference.changes, { 'leaves["apiserver"]': { kind: "update" } });
    assert.deepEqual(run.difference.lines, ['certificate "apiserver" is issued again: another addresses']);
    assert.deepEqual(leaf("kubelet"), kubelet);
    assert.notDeepEqual(leaf("apiserver"), apiserver);
    assert.match(certificateIn(run.outputs, "leaves", "apiserver").subjectAltName ?? "", /10\.96\.0\.2/);
  });

  it("preview as unknown only where they will be issued", async () => {
    const first = await leaves.up(program(ALL));
    const unknown = {
      certificate: UNKNOWN,
      privateKey: new Secret(UNKNOWN),
      notAfter: UNKNOWN,
      serial: UNKNOWN,
    };
    assert.deepEqual(first.previewed, { leaves: { apiserver: unknown, etcd: unknown, kubelet: unknown } });
    const { previewed } = await leaves.preview(program({ ...ALL, kubelet: { ...KUBELET, commonName: "x" } }));
    assert.deepEqual(previewed, {
      leaves: { apiserver: leaf("apiserver"), etcd: leaf("etcd"), kubelet: unknown },
    });
  });

  it("come and go with what is wanted", async () => {
    await leaves.up(program({ apiserver: APISERVER, kubelet: KUBELET }));
    const kubelet = leaf("kubelet");
    const run = await leaves.up(program({ kubelet: KUBELET, etcd: ETCD }));
    assert.deepEqual(run.difference.changes, {
      'leaves["etcd"]': { kind: "add" },
      'leaves["apiserver"]': { kind: "delete" },
    });
    assert.deepEqual(run.difference.lines, [
      'certificate "etcd" is issued: it is new',
      'certificate "apiserver" is dropped: nothing asks for it any more',
    ]);
    assert.deepEqual(Object.keys(partOf(run.outputs, "leaves") as Properties).sort(), ["etcd", "kubelet"]);
    assert.deepEqual(leaf("kubelet"), kubelet);
  });

  describe("in their renewal window", () => {
    it("are renewed one by one, each with its date, and then left alone", async () => {
      const short = { ...KUBELET, validityDays: 60 };
      await leaves.up(program({ ...ALL, kubelet: short }));
      const apiserver = leaf("apiserver");
      clock.passDays(41);
      assert.equal((await leaves.up(program({ ...ALL, kubelet: short }))).operation, "same");
      clock.passDays(2);
      const run = await leaves.up(program({ ...ALL, kubelet: short }));
      assert.deepEqual(run.difference.changes, { 'leaves["kubelet"]': { kind: "update" } });
      assert.deepEqual(run.difference.lines, [
        'certificate "kubelet" is issued again: it expires on 2027-01-20, and is renewed from 2027-01-02 on',
      ]);
      assert.equal(text(run.outputs, "leaves", "kubelet", "notAfter"), "2027-03-04T12:00:00.000Z");
      assert.deepEqual(leaf("apiserver"), apiserver);
      assert.equal((await leaves.up(program({ ...ALL, kubelet: short }))).operation, "same");
    });

    it("are renewed after they have expired, too", async () => {
      await leaves.up(program({ kubelet: KUBELET }));
      clock.passDays(400);
      const run = await leaves.up(program({ kubelet: KUBELET }));
      assert.match(run.difference.lines?.[0] ?? "", /it expired on 2027-11-21/);
      assert.match(text(run.outputs, "leaves", "kubelet", "notAfter"), /^2028-/);
    });

    it("that is widened beyond the day, are renewed now", async () => {
      await leaves.up(program({ kubelet: { ...KUBELET, renewBeforeDays: 5 } }));
      clock.passDays(300);
      assert.equal(
        (await leaves.up(program({ kubelet: { ...KUBELET, renewBeforeDays: 5 } }))).operation,
        "same",
      );
      const run = await leaves.up(program({ kubelet: { ...KUBELET, renewBeforeDays: 100 } }));
      assert.equal(run.operation, "update");
    });

    it("never outlive their authority, nor are renewed by every run when its end cuts them short", async () => {
      cluster = await newAuthority(clock, { validityDays: 400, renewBeforeDays: 0 });
      clock.passDays(390);
      const { outputs } = await leaves.up(program({ kubelet: KUBELET }));
      assert.equal(text(outputs, "leaves", "kubelet", "notAfter"), cluster.outputs["notAfter"]);
      assert.equal((await leaves.up(program({ kubelet: KUBELET }))).operation, "same");
    });

    it("of an authority that has expired are refused, with what to do", async () => {
      cluster = await newAuthority(clock, { validityDays: 400 });
      clock.passDays(401);
      await assert.rejects(leaves.up(program({ kubelet: KUBELET })), /"cluster" has expired[^]*remedy/);
    });
  });

  describe("of an authority with a new key", () => {
    it("are issued again, and those of other authorities are not", async () => {
      await leaves.up(program(ALL));
      const member = leaf("etcd");
      await cluster.up({ commonName: "cluster", generation: 2 });
      const run = await leaves.up(program(ALL));
      assert.deepEqual(Object.keys(run.difference.changes), ['leaves["apiserver"]', 'leaves["kubelet"]']);
      assert.match(run.difference.lines?.[0] ?? "", /authority "cluster" has a new key/);
      assert.deepEqual(leaf("etcd"), member);
      assert.equal(
        certificateIn(run.outputs, "leaves", "kubelet").verify(certificateIn(cluster.outputs).publicKey),
        true,
      );
    });

    it("are unknown in the preview that makes the key", async () => {
      await leaves.up(program(ALL));
      const { previewed: authority } = await cluster.preview({ commonName: "cluster", generation: 2 });
      const { difference, previewed } = await leaves.preview({
        authorities: {
          cluster: {
            certificate: authority["certificate"] ?? null,
            privateKey: authority["privateKey"] ?? null,
          },
          etcd: signerOf(etcd),
        },
        leaves: ALL,
      });
      assert.deepEqual(Object.keys(difference.changes), ['leaves["apiserver"]', 'leaves["kubelet"]']);
      assert.deepEqual(partOf(partOf(previewed, "leaves"), "etcd"), leaf("etcd"));
    });

    it("are left alone in the preview where the authority is only signed again", async () => {
      await leaves.up(program(ALL));
      const { previewed: authority } = await cluster.preview({ commonName: "cluster", validityDays: 5000 });
      const { certificate, privateKey } = authority;
      assert.equal(certificate, UNKNOWN);
      const { difference } = await leaves.preview({
        authorities: { cluster: { certificate, privateKey: privateKey ?? null }, etcd: signerOf(etcd) },
        leaves: ALL,
      });
      assert.deepEqual(difference.changes, {});
    });
  });

  it("may have addresses and authorities that are not known yet, or are secrets as a whole", async () => {
    await leaves.up(program(ALL));
    const { difference } = await leaves.preview({
      authorities: new Secret({ cluster: signerOf(cluster), etcd: UNKNOWN }),
      leaves: new Secret({ ...ALL, apiserver: { ...APISERVER, addresses: [UNKNOWN] } }),
    });
    assert.deepEqual(Object.keys(difference.changes), ['leaves["apiserver"]', 'leaves["etcd"]']);
    const all = await leaves.preview({ authorities: UNKNOWN, leaves: UNKNOWN });
    assert.equal(all.previewed["leaves"], UNKNOWN);
  });

  it("keep a secret's envelope around inputs that came in one", async () => {
    await leaves.up({ ...program({}), leaves: new Secret({ kubelet: KUBELET }) });
    assert.ok(leaves.inputs["leaves"] instanceof Secret);
    assert.ok(partOf(partOf(leaves.inputs, "authorities"), "cluster") !== null);
    assert.equal(text(leaves.inputs, "leaves", "kubelet", "commonName"), "system:node:worker-0");
  });

  it("that are damaged in the state are issued again", async () => {
    const kind = leaves.kind;
    await leaves.up(program(ALL));
    const damaged = {
      ...(leaf("kubelet") as Properties),
      privateKey: partOf(leaf("apiserver"), "privateKey"),
    };
    const olds = { leaves: { ...(leaves.outputs["leaves"] as Properties), kubelet: damaged } };
    const difference = await kind.diff(
      { id: "x", olds, oldInputs: leaves.inputs, news: leaves.inputs, ignoreChanges: [] },
      leaves.context(),
    );
    assert.deepEqual(Object.keys(difference.changes), ['leaves["kubelet"]']);
  });

  describe("with mistakes", () => {
    const failuresOf = async (inputs: Properties) =>
      (await leaves.up(inputs)).failures.map(({ property, reason }) => `${property}: ${reason}`);

    it("have all of them reported at once, with paths", async () => {
      const failures = await failuresOf(
        program({
          "a.b": { authority: "cluster", commonName: "", usages: [], dnsNames: ["-bad-", "*.ok.example"] },
          c: { ...APISERVER, addresses: ["10.0.0.256", "10.0.0.1"], usages: ["server", "peer"], extra: 1 },
          d: { ...KUBELET, authority: "front-proxy" },
          e: { ...KUBELET, validityDays: 3651 },
          f: { ...KUBELET, usages: ["server"] },
        }),
      );
      assert.deepEqual(failures, [
        'leaves["a.b"].commonName: must not be empty; got ""',
        'leaves["a.b"].dnsNames[0]: must be a DNS name, as in etcd.example.org or *.example.org; got "-bad-"',
        'leaves["a.b"].usages: must name at least one of "client" and "server"',
        'leaves["c"].addresses[0]: must be an IPv4 or IPv6 address; got "10.0.0.256"',
        'leaves["c"].extra: there is no such input; check its spelling',
        'leaves["c"].usages[1]: Invalid option: expected one of "client"|"server"; got "peer"',
        'leaves["d"].authority: there is no such authority: must be one of "cluster", "etcd"; got "front-proxy"',
        'leaves["e"].validityDays: must not exceed the 3650 days of its authority "cluster"; got 3651',
        'leaves["f"].dnsNames: a server needs a DNS name or an address to be known by',
      ]);
    });

    it("in an authority are reported too, without showing its key", async () => {
      const failures = await failuresOf({
        authorities: {
          mixed: {
            certificate: cluster.outputs["certificate"] ?? null,
            privateKey: etcd.outputs["privateKey"] ?? null,
          },
          none: { certificate: "hello", privateKey: new Secret("hunter2") },
          odd: { certificate: cluster.outputs["certificate"] ?? null, privateKey: new Secret(7) },
        },
        leaves: {},
      });
      assert.deepEqual(failures, [
        'authorities["mixed"].privateKey: is not the private key (PEM) of this certificate',
        'authorities["none"].certificate: is not an authority\'s certificate in PEM',
        'authorities["odd"].privateKey: Invalid input: expected string, received number',
      ]);
    });

    it("that a leaf is no authority is one of them", async () => {
      await leaves.up(program({ kubelet: KUBELET }));
      const { certificate, privateKey } = leaf("kubelet") as Properties;
      const failures = await failuresOf({
        authorities: { cluster: { certificate: certificate ?? null, privateKey: privateKey ?? null } },
        leaves: {},
      });
      assert.deepEqual(failures, [
        'authorities["cluster"].certificate: is not an authority\'s certificate in PEM',
      ]);
    });
  });
});
