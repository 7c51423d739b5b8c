import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { accessOf, activeCluster, loadKubeconfig } from "../../../provider/kubernetes/kubeconfig.ts";

const encoded = (text: string): string => Buffer.from(text).toString("base64");
const config = {
  "current-context": "one",
  clusters: [
    {
      name: "one",
      cluster: { server: "https://192.0.2.1:6443", "certificate-authority-data": encoded("CA") },
    },
    { name: "two", cluster: { server: "https://192.0.2.2:6443", "tls-server-name": "api" } },
  ],
  users: [
    {
      name: "admin",
      user: { "client-certificate-data": encoded("CERT"), "client-key-data": encoded("KEY") },
    },
    { name: "robot", user: { token: "t0ken" } },
    { name: "cloud", user: { exec: { command: "cloud-login" } } },
  ],
  contexts: [
    { name: "one", context: { cluster: "one", user: "admin", namespace: "shop" } },
    { name: "two", context: { cluster: "two", user: "robot" } },
    { name: "cloud", context: { cluster: "two", user: "cloud" } },
  ],
};
const none = { context: undefined, cluster: undefined };

describe("a kubeconfig", () => {
  it("is read from YAML and from JSON alike", () => {
    for (const text of [stringify(config), JSON.stringify(config)]) {
      const access = accessOf(loadKubeconfig(text), none);
      assert.equal(access.server.host, "192.0.2.1:6443");
      assert.deepEqual([access.authority, access.clientCertificate, access.clientKey], ["CA", "CERT", "KEY"]);
      assert.equal(access.namespace, "shop");
    }
  });

  it("is used with the context and cluster that are asked for", () => {
    const access = accessOf(loadKubeconfig(JSON.stringify(config)), { context: "two", cluster: "one" });
    assert.deepEqual(
      [access.server.host, access.token, access.namespace],
      ["192.0.2.1:6443", "t0ken", undefined],
    );
    assert.equal(
      accessOf(loadKubeconfig(JSON.stringify(config)), { ...none, context: "two" }).serverName,
      "api",
    );
  });

  it("names the contexts there are when another is asked for", () => {
    assert.throws(
      () => accessOf(loadKubeconfig(JSON.stringify(config)), { ...none, context: "three" }),
      /three[\s\S]*one, two, cloud/,
    );
  });

  it("refuses programs that log in, by name", () => {
    assert.throws(
      () => accessOf(loadKubeconfig(JSON.stringify(config)), { ...none, context: "cloud" }),
      /`exec`/,
    );
  });

  it("says so when it is none, and quotes nothing of it", () => {
    assert.throws(() => loadKubeconfig("/no/such/file"), /is no kubeconfig[\s\S]*\/no\/such\/file/);
    const broken = `clusters: [\nprivate-key-bytes: {{`;
    assert.throws(
      () => loadKubeconfig(broken),
      (error: Error) =>
        /neither YAML nor JSON/.test(error.message) && !error.message.includes("private-key-bytes"),
    );
  });

  it("tells which cluster is meant", () => {
    const kubeconfig = loadKubeconfig(JSON.stringify(config));
    assert.deepEqual(activeCluster(kubeconfig, none), config.clusters[0]?.cluster);
    assert.deepEqual(activeCluster(kubeconfig, { ...none, context: "two" }), config.clusters[1]?.cluster);
  });

  describe("in a file", () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
    });

    afterEach(async () => {
      await rm(folder, { recursive: true });
    });

    it("names other files relative to itself", async () => {
      const user = { name: "admin", user: { "client-certificate": "admin.crt", "client-key": "admin.key" } };
      await writeFile(join(folder, "admin.crt"), "CERT");
      await writeFile(join(folder, "admin.key"), "KEY");
      await writeFile(join(folder, "config"), stringify({ ...config, users: [user] }));
      const access = accessOf(loadKubeconfig(join(folder, "config")), none);
      assert.deepEqual([access.clientCertificate, access.clientKey], ["CERT", "KEY"]);
    });

    it("names the file that is missing", async () => {
      const user = { name: "admin", user: { "client-key": "lost.key" } };
      await writeFile(join(folder, "config"), stringify({ ...config, users: [user] }));
      assert.throws(() => accessOf(loadKubeconfig(join(folder, "config")), none), /lost\.key/);
    });
  });
});
