/** Where the hosts come from: machines that are there already, or a lab on this machine. */
import * as pulumi from "@pulumi/pulumi";
import { addressAt, parseRange } from "../../config/network-range.ts";
import type { HostConfig, StackConfig } from "../../config/schema.ts";
import type { Machine } from "../cluster/Cluster.ts";
import type { Connection } from "../host/resources.ts";
import type { RegistryAccess } from "../runtime/registries.ts";
import { LabHost, LabNetwork, LabRegistry } from "./resources.ts";

export const LAB_REGISTRY_PORT = 5000;

export interface MachinesArguments {
  readonly hosts: readonly HostConfig[];
  readonly lab: StackConfig["lab"];
  /** Name of the lab's network: unique on this machine. */
  readonly labName: string;
}

export class Machines extends pulumi.ComponentResource {
  readonly machines: Readonly<Record<string, Machine>>;
  /** How nodes reach the lab's registry. */
  readonly registries: readonly RegistryAccess[];
  /** Present when there is a lab. */
  readonly registry: LabRegistry | undefined;

  constructor(name: string, args: MachinesArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:machines:Machines", name, {}, options);
    const { hosts, lab, labName } = args;
    const usesLab = hosts.some((host) => host.machine !== "ssh");
    const network = usesLab
      ? new LabNetwork(`${name}-network`, { name: labName, subnet: lab.subnet }, { parent: this })
      : undefined;
    this.machines = Object.fromEntries(
      hosts.map((host) => [
        host.name,
        host.machine === "ssh" || network === undefined
          ? sshMachine(host)
          : labMachine(host, host.machine, labName, network, this),
      ]),
    );
    if (network !== undefined && lab.registry) {
      const address = gatewayOf(lab.subnet);
      const server = `${address}:${LAB_REGISTRY_PORT}`;
      this.registries = [{ name: server, server: `http://${server}` }];
      this.registry = new LabRegistry(
        `${name}-registry`,
        { network: labName, address, port: LAB_REGISTRY_PORT, images: ["nginx", "shell"] },
        { parent: this, dependsOn: [network] },
      );
    } else {
      this.registries = [];
      this.registry = undefined;
    }
    this.registerOutputs({});
  }
}

/** The lab's gateway keeps the registry: an address every lab host reaches, known before the lab is there. */
function gatewayOf(subnet: string): string {
  const range = parseRange(subnet);
  if (range === undefined) throw new Error(`${subnet} is no range: the configuration was not checked`);
  return addressAt(range, 1);
}

function sshMachine(host: HostConfig): Machine {
  const { privateKey, passphrase, ...rest } = host.ssh;
  const connection: Connection = {
    address: host.address,
    ...definedIn(rest),
    ...(privateKey === undefined ? {} : { privateKey: pulumi.secret(privateKey) }),
    ...(passphrase === undefined ? {} : { passphrase: pulumi.secret(passphrase) }),
  };
  return { connection, resources: [] };
}

type Defined<T> = { [Key in keyof T]: NonNullable<T[Key]> };

/** Without the keys that have no value. */
function definedIn<T extends object>(values: T): Partial<Defined<T>> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Defined<T>>;
}

function labMachine(
  host: HostConfig,
  kind: "nspawn" | "kvm",
  labName: string,
  network: LabNetwork,
  parent: pulumi.Resource,
): Machine {
  const machine = new LabHost(
    kind,
    host.name,
    {
      network: labName,
      name: host.name,
      address: host.address,
      release: host.release,
      ...(host.abandon ? { abandon: true } : {}),
      ...(kind === "kvm" ? { memoryMiB: host.memoryMiB, cpus: host.cpus } : {}),
    },
    { parent, dependsOn: [network] },
  );
  const connection: Connection = {
    address: host.address,
    user: host.ssh.user ?? "root",
    hostKeys: machine.hostKeys,
    privateKey: network.privateKey,
    ...(kind === "kvm" ? { deadlineSeconds: 600 } : {}),
  };
  return { connection, resources: [machine] };
}
