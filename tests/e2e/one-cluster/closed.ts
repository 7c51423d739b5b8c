/** What keeps strangers out. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { connect } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/await.ts";
import { runProcess, succeeded } from "../../support/process.ts";
import { labOptions } from "../../support/host-in-lab.ts";
import type { StackUnderTest } from "../../support/stack-under-test.ts";
import { ONE } from "./settings.ts";

export function keepsStrangersOut(stack: StackUnderTest): void {
  describe("keeps strangers out", () => {
    it("tells the anonymous nothing but that it is ready", async () => {
      assert.equal(await statusOf("/readyz", 6443), 200);
      assert.equal(await statusOf("/livez", 6443), 200);
      for (const path of ["/api", "/version", "/metrics", "/api/v1/nodes", "/openapi/v2"]) {
        assert.equal(await statusOf(path, 6443), 401, path);
      }
    });

    it("lets nobody ask the kubelet without a certificate, and has its read-only port closed", async () => {
      for (const path of ["/pods", "/metrics", "/exec/default/task-pv-pod/task-pv-container"]) {
        assert.equal(await statusOf(path, 10250), 401, path);
      }
      assert.equal(await isOpen(10255), false);
      assert.equal(await isOpen(10250), true);
    });

    it("offers etcd, controller manager, scheduler and proxy to nobody without a certificate", async () => {
      await assert.rejects(statusOf("/version", 2379));
      for (const port of [10257, 10259, 10249, 10248]) assert.equal(await isOpen(port), false, String(port));
    });

    it("keeps what a node may see to itself", async () => {
      const node = ["--as=system:node:one", "--as-group=system:nodes", "--as-group=system:authenticated"];
      const other = await stack.checkout.kubectl(stack.name, ["auth", "can-i", "get", "secrets", ...node]);
      assert.match(other.stdout, /^no\b/);
      const unlisted = await stack.checkout.kubectl(stack.name, [
        "auth",
        "can-i",
        "list",
        "pods",
        "--as=somebody",
      ]);
      assert.match(unlisted.stdout, /^no\b/);
    });

    it("keeps Secrets encrypted in etcd", async () => {
      await stack.kubectl("create", "secret", "generic", "at-rest", "--from-literal=word=plainly-visible");
      try {
        const stored = await etcdGet(stack, "/registry/secrets/default/at-rest");
        assert.ok(stored.includes("k8s:enc:secretbox:v1:"), "not encrypted with secretbox");
        assert.ok(!stored.includes("plainly-visible"));
        assert.equal(
          await stack.kubectl("get", "secret", "at-rest", "-o", "jsonpath={.data.word}"),
          Buffer.from("plainly-visible").toString("base64"),
        );
      } finally {
        await stack.kubectl("delete", "secret", "at-rest");
      }
    });

    it("writes down who changed what, without what a Secret holds", async () => {
      await stack.kubectl("create", "secret", "generic", "audited", "--from-literal=word=never-in-a-log");
      await stack.kubectl("delete", "secret", "audited");
      const log = await eventually(
        "the audit log",
        async () => {
          const lines = await stack.host("one").run("grep -h '\"audited\"' /var/log/kubernetes/audit.log");
          assert.match(lines, /"verb":"create"/);
          assert.match(lines, /"verb":"delete"/);
          return lines;
        },
        { seconds: 20 },
      );
      assert.doesNotMatch(log, /never-in-a-log|bmV2ZXItaW4tYS1sb2c/);
    });

    it("renews a kubelet's client certificate: a request of the node's own is granted and issued", async () => {
      const issued = await stack.host("one").run(renewalScript("one"));
      assert.match(issued, /subject=O ?= ?system:nodes, CN ?= ?system:node:one/);
      const config = await stack.kubectl("get", "--raw", "/api/v1/nodes/one/proxy/configz");
      assert.match(config, /"rotateCertificates":true/);
    });

    it("grants nobody a certificate in another's name", async () => {
      const refused = await stack.host("one").attempt(renewalScript("two"));
      assert.notEqual(refused.code, 0);
    });
  });
}

/** As the kubelet does it: a new key, a request signed in with the old certificate, a certificate when granted. */
function renewalScript(node: string): string {
  return `set -euo pipefail
kubectl() { /opt/rktnetes/bin/kubectl --kubeconfig=/etc/kubernetes/kubelet/kubeconfig "$@"; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$folder/key" -subj "/O=system:nodes/CN=system:node:${node}" -out "$folder/csr" 2>/dev/null
name=e2e-renewal-$RANDOM$RANDOM
kubectl create -f - >/dev/null <<REQUEST
{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"$name"},
 "spec":{"signerName":"kubernetes.io/kube-apiserver-client-kubelet","usages":["digital signature","client auth"],
  "request":"$(base64 -w0 "$folder/csr")"}}
REQUEST
for attempt in $(seq 100); do
  certificate=$(kubectl get csr "$name" -o 'jsonpath={.status.certificate}')
  if [ -n "$certificate" ]; then base64 -d <<<"$certificate" | openssl x509 -noout -subject; exit 0; fi
  read -rt 0.1 <> <(:) || :
done
echo "not issued" >&2; exit 1
`;
}

/** Status code of a request by somebody without a certificate. */
function statusOf(path: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: ONE, port, path, rejectUnauthorized: false, agent: false, timeout: 10_000 },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.on("error", reject);
    asked.end();
  });
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: ONE, port, timeout: 3000 });
    const end = (open: boolean) => (): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", end(true));
    socket.once("error", end(false));
    socket.once("timeout", end(false));
  });
}

/** What etcd really holds, read with the API server's own certificate. */
async function etcdGet(stack: StackUnderTest, key: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rktnetes-etcd-"));
  try {
    for (const name of ["etcd-ca.crt", "etcd-client.crt", "etcd-client.key"]) {
      const text = await stack.host("one").run(`cat /etc/kubernetes/control-plane/${name}`);
      await writeFile(join(folder, name), `${text}\n`, { mode: 0o600 });
    }
    const etcdctl = join(labOptions.folders.cache, "bin", "etcdctl");
    return succeeded(
      await runProcess(etcdctl, [
        `--endpoints=https://${ONE}:2379`,
        `--cacert=${join(folder, "etcd-ca.crt")}`,
        `--cert=${join(folder, "etcd-client.crt")}`,
        `--key=${join(folder, "etcd-client.key")}`,
        "get",
        key,
      ]),
      "etcdctl get",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
