import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BUILT_VERSION } from "../../config/schema.ts";
import { namespaceConfig, parseStackConfig } from "../../config/load.ts";

const host = { name: "one", machine: "ssh", address: "192.0.2.11", roles: ["control-plane", "worker"] };

function messageFor(raw: Record<string, unknown>): string {
  try {
    parseStackConfig(raw);
  } catch (thrown) {
    assert.ok(thrown instanceof Error);
    return thrown.message;
  }
  return assert.fail("the configuration was accepted");
}

describe("parseStackConfig", () => {
  it("takes a list of hosts as a whole configuration", () => {
    const config = parseStackConfig({ hosts: [host] });
    assert.equal(config.cluster.podCidr, "10.244.0.0/16");
    assert.equal(config.hosts[0]?.name, "one");
  });

  it("tells every mistake in one message, whether in a value or between values", () => {
    const message = messageFor({
      cluster: { podCidr: "10.96.0.0/12", runtime: "docker", version: "v1.20.0" },
      hosts: [
        { ...host, colour: "red" },
        { ...host, address: "here" },
        { name: "Two!", machine: "ssh", address: "192.0.2.12", roles: ["control-plane"] },
      ],
      surprise: 1,
    });
    for (const part of [
      "cluster.runtime",
      '"containerd"',
      "cluster.version",
      "hosts[0].colour",
      "hosts[1].address",
      "hosts[2].name",
      "surprise",
      "cluster.serviceCidr",
    ]) {
      assert.ok(message.includes(part), `${part} is missing in:\n${message}`);
    }
  });

  it("refuses two hosts of one name or address", () => {
    const message = messageFor({ hosts: [host, { ...host, roles: ["worker"] }] });
    assert.match(message, /hosts\[1\]\.name/);
    assert.match(message, /hosts\[1\]\.address/);
  });

  it("refuses a stack without a control plane", () => {
    assert.match(
      messageFor({ hosts: [{ ...host, roles: ["worker"] }] }),
      /no host with the role control-plane/,
    );
  });

  it("refuses an even number of etcd members", () => {
    const second = { ...host, name: "two", address: "192.0.2.12" };
    assert.match(messageFor({ hosts: [host, second] }), /even number of etcd members/);
  });

  it("refuses a host address within the pods' range", () => {
    assert.match(messageFor({ hosts: [{ ...host, address: "10.244.3.4" }] }), /outside cluster\.podCidr/);
  });

  it("refuses a kubelet field that the plan decides", () => {
    const message = messageFor({ hosts: [{ ...host, kubelet: { readOnlyPort: 10255 } }] });
    assert.match(message, /hosts\[0\]\.kubelet\.readOnlyPort/);
  });

  it("never shows what might be a secret", () => {
    const message = messageFor({ hosts: [{ ...host, ssh: { privateKey: 12345678 } }] });
    assert.match(message, /hosts\[0\]\.ssh\.privateKey/);
    assert.doesNotMatch(message, /12345678/);
  });

  it("refuses a version that is neither built here nor named by an artefact", () => {
    assert.match(messageFor({ hosts: [host], cluster: { version: "v1.35.4" } }), /cluster\.version/);
    const kubernetes = { file: "/srv/kubernetes" };
    const config = parseStackConfig({
      hosts: [host],
      cluster: { version: "v1.35.4" },
      artefacts: { kubernetes },
    });
    assert.equal(config.cluster.version, "v1.35.4");
  });

  it("builds the version that the module pins", () => {
    const module = readFileSync(new URL("../../tools/go/kubernetes/go.mod", import.meta.url), "utf8");
    assert.ok(module.includes(`k8s.io/kubernetes ${BUILT_VERSION}`), BUILT_VERSION);
  });

  it("refuses more hosts than the pods' range has parts", () => {
    const message = messageFor({
      cluster: { podCidr: "10.244.0.0/24", podPrefix: 24 },
      hosts: [host, { ...host, name: "two", address: "192.0.2.12", roles: ["worker"] }],
    });
    assert.match(message, /hosts\[1\]\.number/);
  });
});

describe("namespaceConfig", () => {
  it("keeps the keys of its namespace and decodes what is JSON", () => {
    const all = { "rktnetes:hosts": "[1]", "rktnetes:word": "plain", "other:hosts": "[2]" };
    assert.deepEqual(namespaceConfig(all, "rktnetes"), { hosts: [1], word: "plain" });
  });
});
