/** A Debian 13 lab host with a runtime on it, and a registry that has critest's images under their real names. */
import { cp, mkdir, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createNspawnHost, deleteNetwork } from "../../lab/hosts.ts";
import { createNetwork } from "../../lab/network.ts";
import type { LabOptions } from "../../lab/options.ts";
import { createRegistry } from "../../lab/registry.ts";
import { freeAddress, parseSubnet } from "../../lab/subnet.ts";
import { HostInLab } from "../support/host-in-lab.ts";
import { builtImages } from "./images/build.ts";
import { serveImages } from "./images/serve.ts";
import type { RuntimeUnderTest, Site } from "./runtimes/runtime.ts";

const port = 5000;
const programs = "/opt/conformance/bin";
const cni = { plugins: "/opt/conformance/cni", configuration: "/etc/cni/net.d" };
const plugins = ["bridge", "host-local", "loopback", "portmap", "ptp", "bandwidth"];

export interface BedSpec {
  /** Of the lab network, which is this bed's alone. */
  readonly network: string;
  readonly subnet: string;
  readonly runtime: RuntimeUnderTest;
}

export class Bed {
  readonly host: HostInLab;
  readonly runtime: RuntimeUnderTest;
  /** Where programs are on the host. */
  readonly programs = programs;
  readonly #options: LabOptions;

  private constructor(host: HostInLab, runtime: RuntimeUnderTest, options: LabOptions) {
    this.host = host;
    this.runtime = runtime;
    this.#options = options;
  }

  /** Whatever an earlier run has left of this network goes first: critest wants a runtime that nobody has used. */
  static async make({ network, subnet, runtime }: BedSpec, options: LabOptions): Promise<Bed> {
    const images = await builtImages(await artefact("pause", options), options);
    await deleteNetwork(network, options);
    const { gateway } = await createNetwork({ name: network, subnet }, options);
    const registry = await createRegistry({ network, address: gateway, port, images: [] }, options);
    options.progress("critest's images: into the registry, each with an unsigned twin");
    await serveImages(images, registry.server);
    const address = freeAddress(parseSubnet(subnet), []);
    await createNspawnHost({ name: "one", network, address, release: "trixie" }, options);
    const bed = new Bed(new HostInLab({ network }, "one"), runtime, options);
    await bed.#install({ programs, cni, mirror: registry.server, signer: images.publicKey });
    return bed;
  }

  async remove(): Promise<void> {
    await deleteNetwork(this.host.network, this.#options);
  }

  /** A path of the host's as this machine sees it. */
  async inside(path: string): Promise<string> {
    const leader = await this.host.leader();
    if (leader === undefined) throw new Error(`lab host ${this.host.name} does not run`);
    return `/proc/${leader}/root${path}`;
  }

  async #install(site: Site): Promise<void> {
    const { runtime } = this;
    this.#options.progress(`${runtime.name}: onto the host`);
    for (const program of ["critest", "crictl", ...runtime.programs]) {
      await this.#copy(await artefact(program, this.#options), `${programs}/${program}`);
    }
    for (const plugin of plugins) {
      await this.#copy(await artefact(`cni-${plugin}`, this.#options), `${cni.plugins}/${plugin}`);
    }
    await runtime.install?.(this.host, (from, to) => this.#copy(from, to));
    const files = { ...runtime.files(site), [`${cni.configuration}/10-conformance.conflist`]: conflist };
    for (const [path, text] of Object.entries(files)) {
      const file = await this.inside(path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    await this.host.run(`systemctl daemon-reload && systemctl start ${runtime.unit}`);
    await this.host.run(
      `${programs}/crictl --runtime-endpoint ${runtime.endpoint} --timeout 20s info >/dev/null`,
    );
  }

  async #copy(file: string, path: string): Promise<void> {
    const target = await this.inside(path);
    await mkdir(dirname(target), { recursive: true });
    await cp(file, target, { recursive: true });
  }
}

/** A program that the tools have built. */
async function artefact(name: string, { folders }: LabOptions): Promise<string> {
  return realpath(join(folders.cache, "bin", name));
}

const conflist = `${JSON.stringify(
  {
    cniVersion: "1.0.0",
    name: "conformance",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: "10.88.0.0/16" }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true, backend: "nftables" },
    ],
  },
  undefined,
  2,
)}\n`;
