/** One stack in a checkout of the tests' own: its cluster, brought up and taken down as a user does. */
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Finished } from "../../commands/program.ts";
import { deleteNetwork } from "../../lab/hosts.ts";
import { listNetworks } from "../../lab/network.ts";
import { Checkout, type StackSettings } from "./checkout.ts";
import { stateResources } from "./exported-state.ts";
import { HostInLab, labNamesOf, labOptions, type LabPlace } from "./host-in-lab.ts";
import { succeeded, type ProcessOptions } from "./process.ts";

const resultSchema = z.object({
  create: z.number().default(0),
  update: z.number().default(0),
  delete: z.number().default(0),
  replace: z.number().default(0),
  same: z.number().default(0),
});

export class StackUnderTest {
  readonly name: string;
  readonly cluster: string;
  readonly checkout: Checkout;

  constructor(name: string) {
    this.name = name;
    this.cluster = `e2e-${name}`;
    this.checkout = new Checkout(name);
  }

  /** Where its lab hosts are. */
  get lab(): LabPlace {
    return this.checkout.labOf(this.cluster, this.name);
  }

  /** The checkout with this configuration, and nothing left of an earlier run that was cut off. */
  async prepare(settings: StackSettings): Promise<void> {
    await this.checkout.refresh();
    await this.configure(settings);
    await this.takeAway();
    await this.configure(settings);
  }

  /** The checkout as nobody has ever used it, whatever its stack still held. */
  async forget(): Promise<void> {
    await rm(this.checkout.folder, { recursive: true, force: true });
    await this.checkout.refresh();
  }

  async configure(settings: StackSettings): Promise<void> {
    await this.checkout.writeStack(this.name, {
      ...settings,
      cluster: { ...clusterIn(settings), name: this.cluster },
    });
  }

  up(options: ProcessOptions = {}): Promise<Finished> {
    return this.checkout.command("up", this.name, options);
  }

  async mustUp(): Promise<string> {
    return succeeded(await this.up(), "up");
  }

  down(): Promise<Finished> {
    return this.checkout.command("down", this.name);
  }

  /** For the end of a suite: whatever state it is in. What `down` cannot take away fails the suite. */
  async takeAway(): Promise<void> {
    const down = await this.down();
    for (const network of await listNetworks(labOptions.folders)) {
      if (network === this.lab.network) await deleteNetwork(network, labOptions);
    }
    succeeded(down, "down");
  }

  pulumi(args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
    return this.checkout.pulumi([...args, "--stack", this.name], options);
  }

  /** What the last run did, by kind of operation. */
  async lastChanges(): Promise<z.infer<typeof resultSchema>> {
    const text = succeeded(
      await this.pulumi(["stack", "history", "--json", "--page-size", "1"]),
      "the history",
    );
    const parsed = z.array(z.object({ resourceChanges: resultSchema })).parse(JSON.parse(text));
    assert.ok(parsed[0] !== undefined, "the stack has no history");
    return parsed[0].resourceChanges;
  }

  host(name: string): HostInLab {
    return new HostInLab(this.lab, name);
  }

  /** Matches what carries a name of this stack's checkout, network or hosts. */
  names(hosts: readonly string[]): RegExp {
    const lab = labNamesOf(this.lab, hosts);
    return new RegExp(`${lab.source}|${this.checkout.folder}/`);
  }

  async kubectl(...args: string[]): Promise<string> {
    return succeeded(await this.checkout.kubectl(this.name, args), `kubectl ${args.join(" ")}`).trimEnd();
  }

  async object<T>(schema: z.ZodType<T>, ...args: string[]): Promise<T> {
    return schema.parse(JSON.parse(await this.kubectl(...args, "--output=json")));
  }

  kubeconfigText(): Promise<string> {
    return readFile(join(this.checkout.folder, ".rktnetes", `kubeconfig-${this.name}`), "utf8");
  }

  resources(): ReturnType<typeof stateResources> {
    return stateResources(this.checkout, this.name);
  }
}

function clusterIn(settings: StackSettings): Readonly<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).parse(settings["cluster"] ?? {});
}
