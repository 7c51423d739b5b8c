/** A machine that is there already, as far as the stack can tell: made beside it, reached by ssh. */
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { networkFolder } from "../../lab/folders.ts";
import { createKvmHost, createNspawnHost, deleteNetwork, type LabHost } from "../../lab/hosts.ts";
import { createNetwork, listNetworks } from "../../lab/network.ts";
import { createRegistry } from "../../lab/registry.ts";
import { PROJECT } from "../../commands/program.ts";
import { labNetworkName } from "../../components/machines/lab-name.ts";
import type { StackSettings } from "./checkout.ts";
import { HostInLab, labOptions } from "./host-in-lab.ts";
import { labRange, type LabRange } from "./lab-range.ts";
import { runProcess, succeeded } from "./process.ts";

export interface Login {
  readonly user: string;
  readonly hostKeys?: readonly string[];
  readonly keyFile?: string;
  readonly passphrase?: string;
  readonly agent?: string;
  readonly deadlineSeconds?: number;
}

export class Metal {
  readonly kind: LabHost["kind"];
  readonly host: HostInLab;
  readonly address: string;
  /** An address of the same network where nobody is. */
  readonly nobody: string;
  readonly #network: string;
  readonly #range: LabRange;
  readonly #folder: string;
  #made: LabHost | undefined;
  #images: Readonly<Record<string, string>> = {};

  private constructor(kind: LabHost["kind"], network: string, range: LabRange, folder: string) {
    this.kind = kind;
    this.#network = network;
    this.#range = range;
    this.#folder = folder;
    this.host = new HostInLab({ network }, "metal");
    this.address = range.address(11);
    this.nobody = range.address(99);
  }

  /** On a network of this checkout's own, which `make` makes; keys are kept in the folder. */
  static async planned(kind: LabHost["kind"], folder: string): Promise<Metal> {
    const network = labNetworkName(`e2e-${kind}`, "metal", PROJECT);
    return new Metal(kind, network, await labRange(network), folder);
  }

  async make(): Promise<void> {
    await this.remove();
    const network = this.#network;
    await createNetwork({ name: network, subnet: this.#range.subnet }, labOptions);
    const images = ["nginx", "shell"] as const;
    const registry = await createRegistry(
      { network, address: this.#gateway, port: 5000, images },
      labOptions,
    );
    this.#images = registry.images;
    const spec = { name: this.host.name, network, address: this.address, release: "trixie" } as const;
    this.#made =
      this.kind === "kvm"
        ? await createKvmHost({ ...spec, memoryMiB: 4096, cpus: 2 }, labOptions)
        : await createNspawnHost(spec, labOptions);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await copyFile(join(networkFolder(labOptions.folders, network), "id_ed25519"), this.keyFile);
    await chmod(this.keyFile, 0o600);
  }

  async remove(): Promise<void> {
    const networks = await listNetworks(labOptions.folders);
    if (networks.includes(this.#network)) await deleteNetwork(this.#network, labOptions);
  }

  get #gateway(): string {
    return this.#range.gateway;
  }

  get keyFile(): string {
    return join(this.#folder, "id_ed25519");
  }

  get hostKeys(): readonly string[] {
    return this.#made?.hostKeys ?? [];
  }

  /** A key that the machine does not know, or the one it knows under a passphrase. */
  async keyNamed(name: string, passphrase?: string): Promise<string> {
    const file = join(this.#folder, name);
    if (passphrase === undefined) {
      const args = ["-q", "-t", "ed25519", "-N", "", "-f", file];
      succeeded(await runProcess("ssh-keygen", args, { stdin: "y\n" }), "ssh-keygen");
      return file;
    }
    await copyFile(this.keyFile, file);
    await chmod(file, 0o600);
    succeeded(
      await runProcess("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-f", file]),
      "ssh-keygen -p",
    );
    return file;
  }

  /** A cluster on this machine, by default as an administrator with sudo logs in. */
  settings(login: Partial<Login> = {}, address = this.address): StackSettings {
    const ssh = { user: "operator", hostKeys: this.hostKeys, deadlineSeconds: 60, ...login };
    const key = ssh.agent === undefined && ssh.keyFile === undefined ? { keyFile: this.keyFile } : {};
    const server = `${this.#gateway}:5000`;
    return {
      hosts: [
        {
          name: "metal",
          machine: "ssh",
          address,
          roles: ["control-plane", "worker"],
          // In systemd-nspawn it is reached as any machine is, but it is a container.
          sharedKernel: this.kind === "nspawn",
          ssh: { ...ssh, ...key },
        },
      ],
      images: { ...this.#images, registries: { [server]: { server: `http://${server}` } } },
      workloads: { walkthrough: true },
    };
  }
}
