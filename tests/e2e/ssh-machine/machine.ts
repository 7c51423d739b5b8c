/** A machine that is there already, as far as the stack can tell: made beside it, reached by ssh. */
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { networkFolder } from "../../../lab/folders.ts";
import { createNspawnHost, deleteNetwork, type LabHost } from "../../../lab/hosts.ts";
import { createNetwork, listNetworks } from "../../../lab/network.ts";
import { createRegistry } from "../../../lab/registry.ts";
import type { StackSettings } from "../../support/checkout.ts";
import { HostInLab, labOptions } from "../../support/host-in-lab.ts";
import { runProcess, succeeded } from "../../support/process.ts";

const NETWORK = "e2e-ssh";
const GATEWAY = "10.79.18.1";
export const ADDRESS = "10.79.18.11";
/** Nobody is there. */
export const NOBODY = "10.79.18.99";

export interface Login {
  readonly user: string;
  readonly hostKeys?: readonly string[];
  readonly keyFile?: string;
  readonly passphrase?: string;
  readonly agent?: string;
  readonly deadlineSeconds?: number;
}

export class Metal {
  readonly host = new HostInLab({ network: NETWORK }, "metal");
  readonly #folder: string;
  #made: LabHost | undefined;
  #images: Readonly<Record<string, string>> = {};

  /** Keys are kept in this folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async make(): Promise<void> {
    await this.remove();
    await createNetwork({ name: NETWORK, subnet: "10.79.18.0/24" }, labOptions);
    const registry = { network: NETWORK, address: GATEWAY, port: 5000, images: ["nginx", "shell"] as const };
    this.#images = (await createRegistry(registry, labOptions)).images;
    const spec = { name: this.host.name, network: NETWORK, address: ADDRESS, release: "trixie" } as const;
    this.#made = await createNspawnHost(spec, labOptions);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await copyFile(join(networkFolder(labOptions.folders, NETWORK), "id_ed25519"), this.keyFile);
    await chmod(this.keyFile, 0o600);
  }

  async remove(): Promise<void> {
    if ((await listNetworks(labOptions.folders)).includes(NETWORK)) await deleteNetwork(NETWORK, labOptions);
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
  settings(login: Partial<Login> = {}, address = ADDRESS): StackSettings {
    const ssh = { user: "operator", hostKeys: this.hostKeys, deadlineSeconds: 60, ...login };
    const key = ssh.agent === undefined && ssh.keyFile === undefined ? { keyFile: this.keyFile } : {};
    const server = `${GATEWAY}:5000`;
    return {
      hosts: [
        {
          name: "metal",
          machine: "ssh",
          address,
          roles: ["control-plane", "worker"],
          // It is reached as any machine is, but it is a container.
          sharedKernel: true,
          ssh: { ...ssh, ...key },
        },
      ],
      images: { ...this.#images, registries: { [server]: { server: `http://${server}` } } },
      workloads: { walkthrough: true },
    };
  }
}
