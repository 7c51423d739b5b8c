/**
 * A checkout of a test's own: the tracked files as they are now, with stacks, state and lab networks that are
 * nobody else's. Commands run in it as a user types them.
 */
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { labNetworkName } from "../../components/machines/lab-name.ts";
import { output, PROJECT, type Finished } from "../../commands/program.ts";
import { HostInLab, labOptions, type LabPlace } from "./host-in-lab.ts";
import { runProcess, type ProcessOptions } from "./process.ts";

/** A stack's configuration: the keys of the project's namespace. */
export type StackSettings = Readonly<Record<string, unknown>>;

/** What a program of ours needs nothing of. */
const LEFT_OUT = /^(tests|node_modules|\.git)\//;

export class Checkout {
  readonly folder: string;

  /** The place is the same in every run: what a killed one left is found by the next. */
  constructor(name: string) {
    this.folder = join(PROJECT, "build", "e2e", name);
  }

  /** Brings the files to what the project holds now; state of an earlier run stays. */
  async refresh(): Promise<void> {
    const listed = await output("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (const path of new Set(listed.split("\0"))) {
      if (path === "" || LEFT_OUT.test(path) || /^Pulumi\..+\.yaml$/.test(path)) continue;
      const target = join(this.folder, path);
      await mkdir(dirname(target), { recursive: true });
      await cp(join(PROJECT, path), target, { force: true, verbatimSymlinks: true });
    }
    const modules = join(this.folder, "node_modules");
    await rm(modules, { force: true });
    await symlink(join(PROJECT, "node_modules"), modules);
  }

  async writeStack(stack: string, settings: StackSettings): Promise<void> {
    const config = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`rktnetes:${key}`, value]),
    );
    await writeFile(join(this.folder, `Pulumi.${stack}.yaml`), stringify({ config }), { mode: 0o600 });
  }

  pulumi(args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
    const program = join(this.folder, "bin", "pulumi");
    return runProcess(program, ["--non-interactive", ...args], { cwd: this.folder, ...options });
  }

  /** The command behind a make target: `up`, `down`, `logs`, `kubeconfig`. */
  command(name: string, stack: string, options: ProcessOptions = {}): Promise<Finished> {
    const file = join(this.folder, "commands", `${name}.ts`);
    // As the Makefile calls it.
    const env = { RKTNETES_CACHE: labOptions.folders.cache, ...options.env };
    return runProcess(process.execPath, [file, "--stack", stack], { cwd: this.folder, ...options, env });
  }

  kubectl(stack: string, args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
    const kubeconfig = join(this.folder, ".rktnetes", `kubeconfig-${stack}`);
    const program = join(this.folder, "bin", "kubectl");
    return runProcess(program, [`--kubeconfig=${kubeconfig}`, ...args], { cwd: this.folder, ...options });
  }

  /** Where the stack's lab hosts are. */
  labOf(cluster: string, stack: string): LabPlace {
    return { network: labNetworkName(cluster, stack, this.folder) };
  }

  host(cluster: string, stack: string, name: string): HostInLab {
    return new HostInLab(this.labOf(cluster, stack), name);
  }
}
