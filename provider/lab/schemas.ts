/** Inputs of the lab's resources, and how they are checked. */
import { z } from "zod";
import { releases } from "../../lab/releases.ts";
import { imageNames } from "../../lab/images/catalogue.ts";
import { labName } from "../../lab/network.ts";
import { parseSubnet } from "../../lab/subnet.ts";
import { failuresOf } from "../protocol/inputs.ts";
import type { Checked } from "../protocol/resource.ts";
import type { Properties } from "../protocol/value.ts";

const name = z
  .string()
  .regex(labName, "at most 32 lower-case letters, digits and hyphens, beginning with a letter");
const address = z.ipv4("an IPv4 address");

const subnet = z.string().superRefine((text, context) => {
  try {
    parseSubnet(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
  }
});

export const networkInputs = z.strictObject({
  name,
  /** Where hosts have their addresses; the first one is this machine's. */
  subnet,
  /** Servers that hosts ask for names; the machine's own by default. */
  nameservers: z.array(address).min(1).optional(),
});

export const nspawnHostInputs = z.strictObject({
  name,
  /** Name of the lab network. */
  network: name,
  address,
  /** Debian's code name. */
  release: z.enum(releases),
  /** It is gone for good: left alone until it is deleted. */
  abandon: z.boolean().optional(),
});

export const kvmHostInputs = nspawnHostInputs.extend({
  /** The virtual machine's memory. */
  memoryMiB: z.int().min(512).max(1_048_576),
  /** Its processors. */
  cpus: z.int().min(1).max(64),
});

export const registryInputs = z.strictObject({
  /** Name of the lab network. */
  network: name,
  /** The network's gateway, where the registry listens. */
  address,
  port: z.int().min(1).max(65535),
  /** Images to build and push. */
  images: z.array(z.enum(imageNames)),
});

export const registryDefaults: Properties = { port: 5000, images: [...imageNames] };
export const networkDefaults: Properties = { subnet: "10.77.0.0/24" };
export const nspawnHostDefaults: Properties = { release: "trixie" };
export const kvmHostDefaults: Properties = { release: "trixie", memoryMiB: 2048, cpus: 2 };

/** Fills in defaults and reports everything the schema has against the rest. */
export function checked(schema: z.ZodType, defaults: Properties, news: Properties): Checked {
  const inputs = { ...defaults, ...news };
  return { inputs, failures: failuresOf(schema, inputs) };
}
