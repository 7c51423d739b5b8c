/**
 * The engine's networking as one process of a host: does what each line of its standard input says, many at once, and
 * answers each with a line. So a test can have it on a host of its own, and kill it there.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EngineContext } from "../../../engine/context.ts";
import { parseNetworks } from "../../../engine/network/networkList.ts";
import { openNetworking } from "../../../engine/network/openNetworking.ts";
import { parseRawPort } from "../../../engine/network/ports.ts";
import { messageOf } from "../../../errors/fault.ts";

const request = z.object({
  number: z.number(),
  what: z.enum(["setUp", "tearDown", "leftovers"]),
  uuid: z.string().default(""),
  net: z.string().default("default"),
  ports: z.array(z.string()).default([]),
});
export type DriverRequest = Omit<z.input<typeof request>, "number">;

const root = process.argv[2] ?? "";
const warnings: string[] = [];
const silent = (): void => undefined;
const context: EngineContext = {
  folders: {
    data: join(root, "data"),
    system: join(root, "system"),
    local: join(root, "local"),
    library: join(root, "library"),
  },
  configuration: { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1: {} },
  insecure: {
    image: false,
    tls: false,
    ondisk: false,
    http: false,
    pubkey: false,
    capabilities: false,
    paths: false,
    seccomp: false,
  },
  trustKeysFromHttps: false,
  debug: false,
  report: { line: silent, warn: (text) => warnings.push(text), debug: silent, progress: silent },
};
const networking = openNetworking(context);

async function answer(line: string): Promise<void> {
  const { number, what, uuid, net, ports } = request.parse(JSON.parse(line));
  const folder = join(context.folders.data, uuid);
  const started = performance.now();
  const done = async (): Promise<unknown> => {
    switch (what) {
      case "setUp":
        return networking.setUp(folder, uuid, {
          networks: parseNetworks(net),
          ports: ports.map(parseRawPort).map(({ name, hostPort, hostIP, podPort }) => ({
            name,
            hostPort,
            protocol: podPort?.protocol === "udp" ? "udp" : "tcp",
            podPort: podPort?.port ?? 0,
            ...(hostIP === undefined ? {} : { hostIP }),
          })),
        });
      case "tearDown":
        return networking.tearDown(folder, uuid);
      case "leftovers":
        return networking.leftovers((pod) => existsSync(join(context.folders.data, pod)));
    }
  };
  const outcome = await done().then(
    (value) => ({ value }),
    (error: unknown) => ({ error: messageOf(error) }),
  );
  const milliseconds = performance.now() - started;
  process.stdout.write(`${JSON.stringify({ number, ...outcome, warnings, milliseconds })}\n`);
}

const pending: Promise<void>[] = [];
for await (const line of createInterface({ input: process.stdin })) pending.push(answer(line));
await Promise.all(pending);
