/** The lab by hand: `node lab/main.ts --help`. */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { z } from "zod";
import { Fault, messageOf } from "../errors/fault.ts";
import { releases } from "./releases.ts";
import { labFolders } from "./folders.ts";
import {
  createKvmHost,
  createNspawnHost,
  deleteHost,
  deleteNetwork,
  readHost,
  rebootHost,
  stopHost,
  type LabHost,
} from "./hosts.ts";
import { imageNames } from "./images/catalogue.ts";
import { createNetwork, listHosts, listNetworks, readNetwork, recordedNetwork } from "./network.ts";
import type { LabOptions } from "./options.ts";
import { assertLabPossible } from "./preflight.ts";
import { createRegistry, readRegistry } from "./registry.ts";
import { sshArguments } from "./ssh.ts";
import { freeAddress, parseSubnet } from "./subnet.ts";

const usage = `Throw-away hosts on this machine. Needs root.

  node lab/main.ts up HOST…          make the network and the hosts, or mend and start them
  node lab/main.ts list              networks, registries and hosts
  node lab/main.ts shell HOST [-- COMMAND…]
                                     log in by ssh
  node lab/main.ts reboot HOST       (--hard: cut the power)
  node lab/main.ts stop HOST         power off; \`up\` starts it again with its disk as it was
  node lab/main.ts delete HOST
  node lab/main.ts registry          serve the lab's images at the gateway, port 5000
  node lab/main.ts down              delete the network with all that is on it (--all: every network)

  --network NAME     dev by default
  --subnet CIDR      10.77.0.0/24 by default
  --release NAME     ${releases.join(" or ")}; trixie by default
  --kvm              virtual machines with kernels of their own
  --user NAME        who logs in: root by default, or operator, who has sudo
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", default: false },
      network: { type: "string", default: "dev" },
      subnet: { type: "string" },
      release: { type: "string", default: "trixie" },
      kvm: { type: "boolean", default: false },
      user: { type: "string", default: "root" },
      hard: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
    },
  });
  const [command = "", ...names] = positionals;
  const folders = labFolders();
  const options: LabOptions = {
    folders,
    progress: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
  const { network } = values;
  if (values.help || command === "" || command === "help") {
    process.stdout.write(usage);
    return values.help || command === "help" ? 0 : 64;
  }
  switch (command) {
    case "up":
      await assertLabPossible(values.kvm ? "kvm" : "nspawn");
      await up(network, values.subnet, names, z.enum(releases).parse(values.release), values.kvm, options);
      return 0;
    case "list":
      await list(options);
      return 0;
    case "shell":
      return shell(await hostNamed(network, names[0], options), values.user, names.slice(1), options);
    case "reboot":
      for (const name of names) await rebootHost(network, name, options, values.hard);
      return 0;
    case "stop":
      for (const name of names) await stopHost(network, name, options);
      return 0;
    case "delete":
      for (const name of names) await deleteHost(network, name, options);
      return 0;
    case "registry": {
      const address = (await readNetwork(network, folders))?.gateway ?? "";
      const registry = await createRegistry({ network, address, port: 5000, images: imageNames }, options);
      process.stdout.write(`${Object.values(registry.images).join("\n")}\n`);
      return 0;
    }
    case "down":
      for (const name of values.all ? await listNetworks(folders) : [network])
        await deleteNetwork(name, options);
      return 0;
    default:
      throw new Fault({ what: `no such command: ${command}`, remedy: "see node lab/main.ts --help" });
  }
}

async function up(
  name: string,
  subnet: string | undefined,
  hosts: readonly string[],
  release: (typeof releases)[number],
  kvm: boolean,
  options: LabOptions,
): Promise<void> {
  const known = await recordedNetwork(name, options.folders);
  const network = await createNetwork({ name, subnet: subnet ?? known?.subnet ?? "10.77.0.0/24" }, options);
  for (const host of hosts) {
    const there = await readHost(name, host, options.folders);
    const taken = await Promise.all(
      (await listHosts(name, options.folders)).map(
        async (other) => (await readHost(name, other, options.folders))?.address,
      ),
    );
    const address = there?.address ?? freeAddress(parseSubnet(network.subnet), taken);
    const spec = { name: host, network: name, address, release: there?.release ?? release };
    if (kvm || there?.kind === "kvm") {
      await createKvmHost({ ...spec, memoryMiB: there?.memoryMiB ?? 2048, cpus: there?.cpus ?? 2 }, options);
    } else {
      await createNspawnHost(spec, options);
    }
    process.stdout.write(`${host} ${address}\n`);
  }
}

async function list({ folders }: LabOptions): Promise<void> {
  for (const name of await listNetworks(folders)) {
    const network = await recordedNetwork(name, folders);
    const state = (await readNetwork(name, folders)) === undefined ? "down" : "up";
    process.stdout.write(`${name}  ${network?.subnet ?? "half made"}  ${network?.bridge ?? "-"}  ${state}\n`);
    const registry = await readRegistry(name, folders);
    if (registry !== undefined) {
      process.stdout.write(`  registry  ${registry.host}  ${registry.running ? "running" : "stopped"}\n`);
    }
    for (const host of await listHosts(name, folders)) {
      const found = await readHost(name, host, folders);
      const line =
        found === undefined
          ? "half made"
          : `${found.address}  ${found.kind}  ${found.release}  ${found.status}`;
      process.stdout.write(`  ${host}  ${line}\n`);
    }
  }
}

async function hostNamed(network: string, name: string | undefined, options: LabOptions): Promise<LabHost> {
  const host = name === undefined ? undefined : await readHost(network, name, options.folders);
  if (host !== undefined) return host;
  throw new Fault({
    what: `there is no lab host "${name ?? ""}" on "${network}"`,
    remedy: "see node lab/main.ts list",
  });
}

async function shell(
  host: LabHost,
  user: string,
  command: readonly string[],
  options: LabOptions,
): Promise<number> {
  const child = spawn("ssh", [...(await sshArguments(host, user, options.folders)), ...command], {
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve(code ?? 255);
    });
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
