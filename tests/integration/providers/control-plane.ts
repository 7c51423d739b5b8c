/** A real control plane on loopback ports for these tests: etcd, API server and controller manager, no nodes. */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ApiClient } from "../../../provider/kubernetes/client.ts";
import { accessOf, loadKubeconfig } from "../../../provider/kubernetes/kubeconfig.ts";
import { makeIdentities, type Identities } from "./identities.ts";

const READY_MS = 60_000;

export interface ControlPlane {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly client: ApiClient;
  startControllers(): Promise<void>;
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
}

export async function startControlPlane(binary: string): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "control-plane-"));
  const [etcdPort, peerPort, apiPort, managerPort] = await freePorts(4);
  const identities = await makeIdentities();
  const files = await writeFiles(folder, identities, `https://127.0.0.1:${apiPort}`);
  await mkdir(join(folder, "bin"));
  const running = new Map<string, ChildProcess>();

  const start = async (name: string, args: readonly string[]): Promise<void> => {
    const program = join(folder, "bin", name);
    if (!existsSync(program)) await symlink(binary, program);
    const log = createWriteStream(join(folder, `${name}.log`), { flags: "a" });
    // Nothing of it outlives the tests, however they end.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    running.set(name, child);
  };
  const stop = async (name: string): Promise<void> => {
    const child = running.get(name);
    if (child === undefined) return;
    running.delete(name);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  };

  const client = new ApiClient(
    accessOf(loadKubeconfig(files.kubeconfig), { context: undefined, cluster: undefined }),
  );
  const startApiServer = async (): Promise<void> => {
    await start("kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${apiPort}`,
      `--tls-cert-file=${files.path("server.crt")}`,
      `--tls-private-key-file=${files.path("server.key")}`,
      `--client-ca-file=${files.path("ca.crt")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${files.path("accounts.key")}`,
      `--service-account-signing-key-file=${files.path("accounts.key")}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--authorization-mode=RBAC",
      `--cert-dir=${folder}`,
    ]);
    await untilReady(client, running, folder);
  };

  await start("etcd", [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    "--unsafe-no-fsync",
  ]);
  await startApiServer();
  return {
    folder,
    kubeconfig: files.kubeconfig,
    client,
    startApiServer,
    stopApiServer: () => stop("kube-apiserver"),
    startControllers: () =>
      start("kube-controller-manager", [
        `--kubeconfig=${files.path("kubeconfig")}`,
        `--service-account-private-key-file=${files.path("accounts.key")}`,
        `--root-ca-file=${files.path("ca.crt")}`,
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        `--secure-port=${managerPort}`,
        `--cert-dir=${folder}`,
      ]),
    async stop() {
      client.close();
      for (const name of [...running.keys()].reverse()) await stop(name);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(
  client: ApiClient,
  running: Map<string, ChildProcess>,
  folder: string,
): Promise<void> {
  const deadline = AbortSignal.timeout(READY_MS);
  for (;;) {
    try {
      (await client.open("/readyz", { signal: deadline })).resume();
      return;
    } catch (error) {
      const dead = [...running].find(([, child]) => child.exitCode !== null);
      if (dead !== undefined || deadline.aborted) {
        const log = readFileSync(join(folder, `${dead?.[0] ?? "kube-apiserver"}.log`), "utf8");
        throw new Error(`the control plane did not start: ${log.slice(-2000)}`, { cause: error });
      }
      await pause(50);
    }
  }
}

async function writeFiles(
  folder: string,
  identities: Identities,
  server: string,
): Promise<{ kubeconfig: string; path: (name: string) => string }> {
  const path = (name: string): string => join(folder, name);
  const inline = (text: string): string => Buffer.from(text).toString("base64");
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [
      { name: "test", cluster: { server, "certificate-authority-data": inline(identities.authority) } },
    ],
    users: [
      {
        name: "admin",
        user: {
          "client-certificate-data": inline(identities.admin.certificate),
          "client-key-data": inline(identities.admin.key),
        },
      },
    ],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
  });
  const contents: Readonly<Record<string, string>> = {
    "ca.crt": identities.authority,
    "server.crt": identities.server.certificate,
    "server.key": identities.server.key,
    "accounts.key": identities.accountsKey,
    kubeconfig,
  };
  await Promise.all(
    Object.entries(contents).map(([name, text]) => writeFile(path(name), text, { mode: 0o600 })),
  );
  return { kubeconfig, path };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      if (address === null || typeof address === "string") throw new Error("no port");
      return address.port;
    }),
  );
}
