/** Every key that a stack's configuration may have, as the schema says it. */
import { z } from "zod";
import { stackSchema } from "../../config/schema.ts";
import { connectionSchema } from "../../provider/host/connection.ts";

export interface Key {
  readonly required: boolean;
  /** Undefined when there is none. */
  readonly fallback: unknown;
  /** Where only a few values are allowed. */
  readonly values: readonly unknown[];
}

const nodeSchema = z.object({
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).default([]),
  required: z.array(z.string()).default([]),
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  get items() {
    return nodeSchema.optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), nodeSchema]).optional();
  },
  get anyOf() {
    return z.array(nodeSchema).optional();
  },
});

type Node = z.infer<typeof nodeSchema>;

/** By their paths, as in hosts[].ssh.port and images.registries.*.server. */
export function schemaKeys(): ReadonlyMap<string, Key> {
  const found = new Map<string, Key>();
  collect("", nodeOf(stackSchema), false, found);
  // What a host leaves out of `ssh` is filled in where it is used.
  for (const [name, { default: fallback }] of Object.entries(nodeOf(connectionSchema).properties ?? {})) {
    const key = found.get(`hosts[].ssh.${name}`);
    if (key !== undefined) found.set(`hosts[].ssh.${name}`, { ...key, fallback });
  }
  return found;
}

function collect(path: string, node: Node, required: boolean, found: Map<string, Key>): void {
  const isTopLevel = !/[.[]/.test(path);
  const isSection = node.properties !== undefined || node.anyOf !== undefined;
  if (!isTopLevel && !isSection) {
    const values = [...node.enum, ...(node.items?.enum ?? [])];
    found.set(path, { required, fallback: node.default, values });
  }
  const below = (name: string): string => (path === "" ? name : `${path}.${name}`);
  for (const [name, part] of Object.entries(node.properties ?? {})) {
    collect(below(name), part, node.required.includes(name), found);
  }
  // Of several forms each is told by its keys, and none of them is needed by itself.
  for (const form of node.anyOf ?? []) {
    for (const [name, part] of Object.entries(form.properties ?? {}))
      collect(below(name), part, false, found);
  }
  for (const [part, suffix] of [
    [node.items, "[]"],
    [node.additionalProperties, ".*"],
  ] as const) {
    if (typeof part === "object" && (part.properties !== undefined || part.anyOf !== undefined)) {
      collect(`${path}${suffix}`, part, false, found);
    }
  }
}

function nodeOf(schema: z.ZodType): Node {
  return nodeSchema.parse(z.toJSONSchema(schema, { io: "input" }));
}
