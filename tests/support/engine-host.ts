/** A lab host with the engine's package installed, as a person would have it, and a few signed images. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKvmHost, createNspawnHost, deleteNetwork, type LabHost } from "../../lab/hosts.ts";
import { createNetwork } from "../../lab/network.ts";
import type { Release } from "../../lab/releases.ts";
import { PROJECT, type Finished } from "../../commands/program.ts";
import { HostInLab, labOptions } from "./host-in-lab.ts";
import { labRange } from "./lab-range.ts";
import { runProcess, succeeded } from "./process.ts";

/** What the tests' images are called, and who has signed them. */
export const busybox = "example.com/busybox";
export const signer = "Test Signer <t@example.com>";
/** Where the tests' files lie on the host. */
export const files = "/opt/tests";

export class EngineHost {
  readonly lab: HostInLab;
  readonly #network: string;

  private constructor(network: string) {
    this.#network = network;
    this.lab = new HostInLab({ network }, "one");
  }

  static async make(
    network: string,
    release: Release,
    kind: LabHost["kind"] = "nspawn",
  ): Promise<EngineHost> {
    const range = await labRange(network);
    await createNetwork({ name: network, subnet: range.subnet }, labOptions);
    const spec = { name: "one", network, release, address: range.address(11) };
    await (kind === "kvm"
      ? createKvmHost({ ...spec, memoryMiB: 3072, cpus: 2 }, labOptions)
      : createNspawnHost(spec, labOptions));
    const host = new EngineHost(network);
    await host.#install();
    return host;
  }

  async remove(): Promise<void> {
    await deleteNetwork(this.#network, labOptions);
  }

  /** A script on the host, whatever it ends with. */
  attempt(script: string): Promise<Finished> {
    return this.lab.attempt(script);
  }

  /** What a script on the host prints; it is expected to end well. */
  run(script: string): Promise<string> {
    return this.lab.run(script);
  }

  async #install(): Promise<void> {
    await this.lab.put(await packagesOfCheckout(), `${files}/packages`);
    await withImages((folder) => this.lab.put(folder, files));
    await this.lab.run(
      `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends ${files}/packages/*.deb systemd-container >/dev/null
rkt trust --prefix=${busybox} --skip-fingerprint-review ${files}/key.asc >/dev/null
rkt fetch ${files}/busybox.aci >/dev/null`,
    );
  }
}

/** Made once in a run of the tests; what has not changed comes from the cache. */
async function packagesOfCheckout(): Promise<string> {
  const folder = join(PROJECT, "build", "packages-for-tests");
  succeeded(
    await runProcess(process.execPath, [
      join(PROJECT, "engine/package/main.ts"),
      ...["--architecture", process.arch === "arm64" ? "arm64" : "amd64", "--output", folder],
    ]),
    "making the package",
  );
  return folder;
}

/** A root of Debian's static busybox as a signed image, with what made it: `busybox.aci`, `busybox.aci.asc`, `key.asc`. */
async function withImages(use: (folder: string) => Promise<void>): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "rktnetes-images-"));
  try {
    succeeded(await runProcess("apt-get", ["download", "busybox-static"], { cwd: scratch }), "busybox");
    const deb = (await readdir(scratch)).find((name) => name.endsWith(".deb")) ?? "";
    succeeded(
      await runProcess("dpkg-deb", ["--extract", join(scratch, deb), join(scratch, "deb")]),
      "busybox",
    );
    const image = join(scratch, "image");
    await mkdir(image);
    await writeFile(
      join(image, "manifest"),
      JSON.stringify({
        acKind: "ImageManifest",
        acVersion: "0.8.11",
        name: busybox,
        labels: [
          { name: "version", value: "1.0" },
          { name: "os", value: "linux" },
          { name: "arch", value: process.arch === "arm64" ? "aarch64" : "amd64" },
        ],
        app: {
          exec: ["/bin/true"],
          user: "0",
          group: "0",
          ports: [{ name: "web", protocol: "tcp", port: 8080 }],
        },
      }),
    );
    const script = `set -eu
mkdir -p image/rootfs/bin image/rootfs/etc image/rootfs/tmp image/rootfs/data image/rootfs/usr/bin
cp deb/bin/busybox image/rootfs/bin/ 2>/dev/null || cp deb/usr/bin/busybox image/rootfs/bin/
image/rootfs/bin/busybox --list | grep -vx busybox | while read -r each; do ln -s busybox image/rootfs/bin/$each; done
printf 'root:x:0:0:root:/root:/bin/sh\\nworker:x:1000:1001:Worker:/home/worker:/bin/sh\\n' >image/rootfs/etc/passwd
printf 'root:x:0:\\nworkers:x:1001:\\n' >image/rootfs/etc/group
tar --create --gzip --numeric-owner --owner=0 --group=0 --directory image --file busybox.aci manifest rootfs
export GNUPGHOME="$PWD/gnupg"
mkdir -m 700 gnupg
gpg --batch --quiet --passphrase '' --quick-gen-key '${signer}' ed25519 sign 0
gpg --batch --quiet --armor --detach-sign --output busybox.aci.asc busybox.aci
gpg --batch --quiet --armor --export >key.asc
gpgconf --kill all
`;
    succeeded(await runProcess("bash", [], { cwd: scratch, stdin: script }), "making a signed image");
    const made = join(scratch, "made");
    await mkdir(made);
    for (const name of ["busybox.aci", "busybox.aci.asc", "key.asc"])
      await rename(join(scratch, name), join(made, name));
    await use(made);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
