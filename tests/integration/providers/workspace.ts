/** Stacks for these tests: the real engine, a file backend, and the offline providers behind the real SDKs. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

const artefactIndex = z.record(z.string(), z.object({ path: z.string() }));
const providers = resolve(import.meta.dirname, "../../../tools/providers");

/** A program that `make tools` builds, or undefined when it was not built. */
export function builtProgram(name: string): string | undefined {
  const cache = process.env["RKTNETES_CACHE"] ?? join(homedir(), ".cache", "rktnetes");
  const index = join(cache, "artefacts.json");
  if (!existsSync(index)) return undefined;
  return artefactIndex.parse(JSON.parse(readFileSync(index, "utf8")))[name]?.path;
}

export class Workspace {
  readonly folder: string;
  readonly #command: PulumiCommand;

  private constructor(folder: string, command: PulumiCommand) {
    this.folder = folder;
    this.#command = command;
  }

  static async create(pulumi: string): Promise<Workspace> {
    const folder = await mkdtemp(join(tmpdir(), "provider-stacks-"));
    for (const name of ["bin", "state", "home", "work"]) await mkdir(join(folder, name));
    await symlink(pulumi, join(folder, "bin", "pulumi"));
    return new Workspace(folder, await PulumiCommand.get({ root: folder }));
  }

  /** A stack whose program may be exchanged: `stack.workspace.program = …`. */
  async stack(name: string, program: PulumiFn): Promise<Stack> {
    const workDir = join(this.folder, "work", name);
    await mkdir(workDir, { recursive: true });
    await writeFile(join(workDir, "Pulumi.yaml"), this.#project());
    return LocalWorkspace.createOrSelectStack(
      { stackName: name, projectName: "providers", program },
      {
        workDir,
        pulumiCommand: this.#command,
        pulumiHome: join(this.folder, "home"),
        envVars: {
          PULUMI_CONFIG_PASSPHRASE: "of these tests",
          PULUMI_SKIP_UPDATE_CHECK: "true",
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
          RKTNETES_NODE: process.execPath,
        },
      },
    );
  }

  #project(): string {
    const entry = (name: string): object => ({ name, path: join(providers, name) });
    return JSON.stringify({
      name: "providers",
      runtime: "nodejs",
      backend: { url: `file://${join(this.folder, "state")}` },
      plugins: { providers: [entry("kubernetes"), entry("command")] },
    });
  }

  /** Everything the backend holds of all stacks, history included. */
  async rawState(): Promise<string> {
    const state = join(this.folder, "state");
    const entries = await readdir(state, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Runs what must fail, and gives all that was shown. */
export async function failureText(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("it went well, and should not have");
}
