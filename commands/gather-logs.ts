/** Gathers what the hosts of a stack have to say into one folder, for a reader who has to find out why. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { z } from "zod";
import { messageOf } from "../errors/fault.ts";
import { connectionSchema, type Connection } from "../provider/host/connection.ts";
import { dial } from "../provider/host/ssh/dial.ts";
import { PROJECT } from "./program.ts";
import { pulumiOutput } from "./pulumi.ts";

const stateSchema = z.object({
  deployment: z
    .object({
      resources: z
        .array(z.object({ type: z.string(), inputs: z.record(z.string(), z.unknown()).default({}) }))
        .default([]),
    })
    .nullish(),
});

interface Source {
  readonly host: string;
  readonly connection: Connection;
}

/** What is worth reading on a host; nothing here prints a key. */
const SECTIONS: Readonly<Record<string, string>> = {
  "units.txt":
    "systemctl --no-pager --failed; systemctl --no-pager list-units --all 'rktnetes*' etcd.service 'kube*' containerd.service coredns.service metrics-server.service",
  "journal.txt":
    "journalctl --no-pager --boot --lines=4000 -u etcd -u 'kube*' -u containerd -u coredns -u metrics-server -u 'rktnetes*'",
  "system.txt": "uname -a; cat /etc/os-release; uptime; free -m; df -h; cat /proc/self/cgroup",
  "network.txt": "ip address; ip route; ss -tulpn; nft list ruleset",
  "pods.txt":
    "command -v /opt/rktnetes/bin/crictl >/dev/null && { /opt/rktnetes/bin/crictl pods; /opt/rktnetes/bin/crictl ps -a; /opt/rktnetes/bin/crictl images; }",
  "ledger.txt": "ls -laR /var/lib/rktnetes --ignore=blobs 2>/dev/null",
};

/** Gives the folder's name, as it is to be typed. */
export async function gatherLogs(stack: string, say: (line: string) => void): Promise<string> {
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const folder = join(PROJECT, "build", "logs", `${stack}-${stamp}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const sources = await hostsOf(stack);
  await Promise.all(
    sources.map(async (source) => {
      try {
        await gatherFrom(source, join(folder, source.host));
      } catch (error) {
        say(`  ${source.host}: no logs: ${messageOf(error)}`);
        await writeFile(join(folder, `${source.host}-unreachable.txt`), `${messageOf(error)}\n`);
      }
    }),
  );
  if (sources.length === 0) await writeFile(join(folder, "README.txt"), "No host had been reached yet.\n");
  return relative(process.cwd(), folder);
}

/** Hosts that the stack holds a claim on, or tried to. */
async function hostsOf(stack: string): Promise<readonly Source[]> {
  const exported: unknown = JSON.parse(
    await pulumiOutput(["stack", "export", "--show-secrets", "--stack", stack]),
  );
  const resources = stateSchema.parse(exported).deployment?.resources ?? [];
  return resources.flatMap(({ type, inputs }): Source[] => {
    if (type !== "rktnetes:host:Claim") return [];
    const connection = connectionSchema.safeParse(plain(inputs["connection"]));
    const host = inputs["host"];
    if (!connection.success || typeof host !== "string") return [];
    return [{ host, connection: { ...connection.data, deadlineSeconds: 10 } }];
  });
}

/** An exported secret is an object that holds its value as JSON text. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const text: unknown = Reflect.get(value, "plaintext");
  if (typeof text === "string") {
    const inner: unknown = JSON.parse(text);
    return inner;
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

async function gatherFrom({ host, connection }: Source, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const transport = await dial(host, connection, {
    signal: AbortSignal.timeout(60_000),
    progress: () => undefined,
  });
  try {
    for (const [file, script] of Object.entries(SECTIONS)) {
      const sudo = connection.user === "root" ? "" : "sudo -n ";
      const channel = await transport.open(
        `${sudo}/bin/bash -c "${script.replaceAll(/["\\$`]/g, "\\$&")}" 2>&1`,
      );
      const chunks: Buffer[] = [];
      channel.onStdout((chunk) => chunks.push(chunk));
      channel.onStderr((chunk) => chunks.push(chunk));
      channel.end();
      await channel.closed;
      await writeFile(join(folder, file), Buffer.concat(chunks), { mode: 0o600 });
    }
  } finally {
    transport.close();
  }
}
