/**
 * A host of network alone: namespaces of its own for network and mounts, with an empty /run and no leases, and a
 * neighbour that stands for the outside. It goes with the process that made it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { runProcess, succeeded } from "../../support/process.ts";
import type { DriverRequest } from "./networkDriver.ts";

const DRIVER = fileURLToPath(new URL("networkDriver.ts", import.meta.url));

/** The host's address towards the outside, and the neighbour there, who knows no way to any pod. */
export const HOST = "10.99.0.1";
export const OUTSIDE = "10.99.0.2";

const founding = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /var/lib/cni /run/host/data /run/host/local/net.d
mount -t tmpfs tmpfs /var/lib/cni
ip link set lo up
ip netns add outside
ip link add uplink type veth peer name uplink netns outside
ip address add ${HOST}/24 dev uplink
ip link set uplink up
ip -n outside address add ${OUTSIDE}/24 dev uplink
ip -n outside link set uplink up
ip -n outside link set lo up
nft add table inet firewall
nft add chain inet firewall incoming '{ type filter hook input priority 0; policy accept; }'
nft add rule inet firewall incoming tcp dport 23 drop
echo ready
exec cat`;

const answer = z.object({
  number: z.number(),
  value: z.unknown().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()),
  milliseconds: z.number(),
});

export const ownNetwork = z.object({
  kind: z.literal("own"),
  path: z.string(),
  attached: z.array(
    z.object({
      netName: z.string(),
      netConf: z.string(),
      pluginPath: z.string(),
      ifName: z.string(),
      ip: z.string(),
      args: z.string(),
      mask: z.string(),
    }),
  ),
});

export interface Pod {
  readonly uuid: string;
  readonly ip: string;
  readonly namespace: string;
}

export class NetworkHost {
  readonly #holder: ChildProcess;
  /** What a test that failed has not ended. */
  readonly #servers = new Set<ChildProcess>();

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async found(): Promise<NetworkHost> {
    const holder = spawn("unshare", ["--net", "--mount", "--propagation", "private", "sh", "-c", founding], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: holder.stdout });
    const first = await Promise.race([
      once(lines, "line").then(() => "ready"),
      once(holder, "exit").then(() => "ended"),
    ]);
    if (first !== "ready") throw new Error("the network host could not be made");
    return new NetworkHost(holder);
  }

  async end(): Promise<void> {
    for (const server of this.#servers) server.kill("SIGKILL");
    const gone = once(this.#holder, "exit");
    this.#holder.stdin?.end();
    await gone;
  }

  inside(): readonly string[] {
    return ["--target", String(this.#holder.pid), "--net", "--mount", "--"];
  }

  async run(script: string): Promise<string> {
    const args = [...this.inside(), "bash", "-c", `set -e; ${script}`];
    return succeeded(await runProcess("nsenter", args), script).trimEnd();
  }

  driver(): Driver {
    return new Driver(this);
  }

  async makePodFolder(uuid: string): Promise<void> {
    await this.run(`mkdir -p /run/host/data/${uuid}`);
  }

  /** What the engine has made and not taken away again: all of it, in words. */
  async traces(): Promise<string> {
    return this.run(`
      nft list ruleset
      ip -o link | grep -v -e ' lo:' -e ' uplink@' || true
      ls /run/netns
      find /run/rkt/network/ -mindepth 2 2>/dev/null || true
      find /var/lib/cni/networks -type f 2>/dev/null | grep -v -e lock$ -e last_reserved || true`);
  }

  /** Who answers at an address: what it says, or how it failed. */
  async ask(from: string | undefined, address: string, port: number): Promise<string> {
    const script = `require("net").connect(${port}, "${address}")
      .on("data", (text) => { console.log(String(text)); process.exit() })
      .on("error", (error) => { console.log(error.code); process.exit() })
      .setTimeout(1500, () => { console.log("SILENCE"); process.exit() })`;
    return this.run(`${within(from)} node -e '${script}'`);
  }

  /** Serves a port: whoever connects is told as whom it is seen. Gives what ends it. */
  async serve(at: string | undefined, port: number, address = "0.0.0.0"): Promise<() => Promise<void>> {
    const script = `require("net").createServer((socket) => socket.end("${at ?? "host"} saw " + socket.remoteAddress))
      .listen(${port}, "${address}", () => console.log("listening"))`;
    const server = spawn("nsenter", [
      ...this.inside(),
      "bash",
      "-c",
      `exec ${within(at)} node -e '${script}'`,
    ]);
    this.#servers.add(server);
    await once(createInterface({ input: server.stdout }), "line");
    return async () => {
      this.#servers.delete(server);
      const gone = once(server, "exit");
      server.kill("SIGKILL");
      await gone;
    };
  }
}

function within(namespace: string | undefined): string {
  return namespace === undefined ? "" : `nsenter --net=/run/netns/${namespace}`;
}

/** A process of the engine on that host. */
export class Driver {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (line: z.infer<typeof answer>) => void>();
  readonly #host: NetworkHost;
  #next = 1;

  constructor(host: NetworkHost) {
    this.#host = host;
    this.#process = spawn("nsenter", [...host.inside(), process.execPath, DRIVER, "/run/host"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error("the driver has no output");
    createInterface({ input: stdout }).on("line", (line) => {
      const said = answer.parse(JSON.parse(line));
      this.#waiting.get(said.number)?.(said);
    });
  }

  /** Asks, and does not wait. */
  tell(request: DriverRequest): Promise<z.infer<typeof answer>> {
    const number = this.#next++;
    const answered = new Promise<z.infer<typeof answer>>((resolve) => this.#waiting.set(number, resolve));
    this.#process.stdin?.write(`${JSON.stringify({ ...request, number })}\n`);
    return answered;
  }

  async ask(request: DriverRequest): Promise<z.infer<typeof answer>> {
    const said = await this.tell(request);
    if (said.error !== undefined) throw new Error(said.error);
    return said;
  }

  /** What it is refused with. */
  async refusal(request: DriverRequest): Promise<string> {
    return (await this.tell(request)).error ?? "it was not refused";
  }

  async pod(net = "default", ports: readonly string[] = []): Promise<Pod> {
    const uuid = randomUUID();
    await this.#host.makePodFolder(uuid);
    const { value } = await this.ask({ what: "setUp", uuid, net, ports: [...ports] });
    const { attached } = ownNetwork.parse(value);
    return { uuid, ip: attached[0]?.ip ?? "", namespace: `cni-${uuid}` };
  }

  async remove(...pods: readonly { readonly uuid: string }[]): Promise<void> {
    await Promise.all(pods.map(({ uuid }) => this.ask({ what: "tearDown", uuid })));
  }

  async end(): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.stdin?.end();
    await gone;
  }

  /** As `kill -9` of a command does: its children live on. */
  async kill(): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}
