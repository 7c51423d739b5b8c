/**
 * The tree of files that hosts of one release share, made by mmdebstrap and kept in the cache under a key of
 * everything that goes into it. Hosts lay their own files over it and never write to it.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMissing, isThere } from "./files.ts";
import { machineAptSettings, machineSources, renderSources } from "./apt-sources.ts";
import { withLock, type Lock } from "./lock.ts";
import type { LabOptions } from "./options.ts";
import { removeOutdatedTrees } from "./outdated-trees.ts";
import { run } from "./program.ts";
import type { Release } from "./releases.ts";

export { releases, type Release } from "./releases.ts";

export type TreeKind = "nspawn" | "kvm";

/** What a plain Debian server has, and what a kubelet and a runtime expect of one. */
const packages: readonly string[] = [
  "adduser",
  "ca-certificates",
  "conntrack",
  "crun",
  "curl",
  "dbus",
  "e2fsprogs",
  "ethtool",
  "iproute2",
  "iptables",
  "iputils-ping",
  "kmod",
  "libpam-systemd",
  "mount",
  "netbase",
  "nftables",
  "openssh-server",
  "procps",
  "socat",
  "sudo",
  "systemd",
  "systemd-sysv",
  "util-linux",
  "xz-utils",
  "zstd",
];

/** A virtual machine boots by itself: it brings kernel, initial ramdisk and device manager. */
const kvmPackages: readonly string[] = ["initramfs-tools", "linux-image-cloud-amd64", "udev"];

/** Laid before the kernel is installed: a ramdisk with nothing but the way to the disk starts sooner. */
const kvmRamdisk =
  'mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d" && ' +
  'printf "MODULES=list\\nCOMPRESS=zstd\\n" >"$1/etc/initramfs-tools/conf.d/lab" && ' +
  'printf "virtio_pci\\nvirtio_blk\\next4\\n" >"$1/usr/share/initramfs-tools/modules.d/lab"';

const certificatesFolder = "/usr/local/share/ca-certificates";

export async function baseTree(release: Release, kind: TreeKind, options: LabOptions): Promise<string> {
  const recipe = await readRecipe(release, kind);
  const family = `base-${release}-${kind}`;
  const tree = join(options.folders.lab, `${family}-${recipe.key}`);
  if (await isThere(tree)) return tree;
  return withLock(
    `${tree}.lock`,
    async (lock) => {
      if (await isThere(tree)) return tree;
      await build(release, recipe, tree, lock, options);
      await removeOutdatedTrees(tree, family, options.folders);
      return tree;
    },
    options.signal,
  );
}

interface Recipe {
  readonly key: string;
  readonly include: readonly string[];
  readonly hooks: readonly string[];
  readonly sources: string;
  readonly aptSettings: readonly string[];
  readonly certificates: Readonly<Record<string, string>>;
  readonly finish: string;
}

async function readRecipe(release: Release, kind: TreeKind): Promise<Recipe> {
  const parts = {
    include: kind === "kvm" ? [...packages, ...kvmPackages] : packages,
    hooks: kind === "kvm" ? [kvmRamdisk] : [],
    sources: renderSources(await machineSources(), release),
    aptSettings: await machineAptSettings(),
    certificates: await ownCertificates(),
    finish: await readFile(fileURLToPath(new URL("finish-tree.sh", import.meta.url)), "utf8"),
  };
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
  return { ...parts, key };
}

async function build(
  release: Release,
  recipe: Recipe,
  tree: string,
  lock: Lock,
  options: LabOptions,
): Promise<void> {
  const began = performance.now();
  const partial = `${tree}.partial`;
  const sourcesFile = `${tree}.partial.sources`;
  await mkdir(dirname(tree), { recursive: true });
  // Left by a builder that was killed; nobody else has this name while the lock is held.
  await rm(partial, { recursive: true, force: true });
  await writeFile(sourcesFile, recipe.sources);
  options.progress(`Debian ${release}: making the base tree by mmdebstrap (once; half a minute or more)`);
  await run(
    "mmdebstrap",
    [
      "--mode=root",
      "--variant=minbase",
      "--format=directory",
      `--include=${recipe.include.join(",")}`,
      ...recipe.aptSettings.map((line) => `--aptopt=${line}`),
      ...recipe.hooks.map((hook) => `--essential-hook=${hook}`),
      release,
      partial,
      sourcesFile,
    ],
    {
      purpose: `make the base tree of Debian ${release}`,
      signal: options.signal,
      holding: lock,
      onLine: (line) => {
        const step = /^I: (.*)$/.exec(line)?.[1];
        if (step !== undefined) options.progress(`Debian ${release}: ${step}`);
      },
    },
  );
  await rm(join(partial, "etc/apt/sources.list"), { force: true });
  await rm(join(partial, "etc/apt/sources.list.d"), { recursive: true, force: true });
  await mkdir(join(partial, "etc/apt/sources.list.d"));
  await writeFile(join(partial, "etc/apt/sources.list.d/debian.sources"), recipe.sources);
  await rm(join(partial, "etc/apt/apt.conf.d/99mmdebstrap"), { force: true });
  if (recipe.aptSettings.length > 0) {
    await writeFile(join(partial, "etc/apt/apt.conf.d/80fetch"), `${recipe.aptSettings.join("\n")}\n`);
  }
  await mkdir(join(partial, certificatesFolder), { recursive: true });
  for (const [name, text] of Object.entries(recipe.certificates)) {
    await writeFile(join(partial, certificatesFolder, name), text);
  }
  await run("chroot", [partial, "/bin/sh", "-s"], {
    input: recipe.finish,
    purpose: `finish the base tree of ${release}`,
  });
  await rm(sourcesFile);
  await utimes(partial, new Date(), new Date());
  await rename(partial, tree);
  options.progress(
    `Debian ${release}: base tree made in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
}

/** Authorities that the machine's administrator added, without which a proxy may not be trusted. */
async function ownCertificates(): Promise<Record<string, string>> {
  const names = await readdir(certificatesFolder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const found: Record<string, string> = {};
  for (const name of names.sort()) {
    if (name.endsWith(".crt")) found[name] = await readFile(join(certificatesFolder, name), "utf8");
  }
  return found;
}
