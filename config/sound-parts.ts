/**
 * What is left of a configuration when its faulty values are taken out, so that mistakes between the sound
 * parts are reported in the same message as the faulty values.
 */
import type { z } from "zod";
import type { Checkable } from "./relations.ts";
import {
  clusterSchema,
  engineSchema,
  hostSchema,
  imagesSchema,
  labSchema,
  workloadsSchema,
  type HostConfig,
} from "./schema.ts";

export function soundParts(raw: Readonly<Record<string, unknown>>, error: z.ZodError): Checkable {
  const faulty = (section: string): string[] =>
    error.issues.flatMap((issue) => {
      if (issue.path[0] !== section) return [];
      const key = issue.path[1];
      return key === undefined ? keysOf(issue) : [String(key)];
    });
  const sectionOf = (section: string): Record<string, unknown> => without(raw[section], faulty(section));
  const hosts: unknown = raw["hosts"];
  return {
    cluster: clusterSchema.parse(sectionOf("cluster")),
    lab: labSchema.parse(sectionOf("lab")),
    images: imagesSchema.parse(sectionOf("images")),
    engine: engineSchema.parse({}),
    workloads: workloadsSchema.parse(sectionOf("workloads")),
    artefacts: {},
    hosts: Array.isArray(hosts)
      ? hosts.map((host: unknown, index) => soundHost(host, index, error))
      : [undefined],
  };
}

function keysOf(issue: z.core.$ZodIssue): string[] {
  return issue.code === "unrecognized_keys" ? issue.keys : [];
}

/** A host without its faulty optional fields; undefined when what is left does not make a host. */
function soundHost(host: unknown, index: number, error: z.ZodError): HostConfig | undefined {
  const faulty = error.issues.flatMap((issue) => {
    if (issue.path[0] !== "hosts" || issue.path[1] !== index) return [];
    const key = issue.path[2];
    return key === undefined ? keysOf(issue) : [String(key)];
  });
  // Roles decide about the number of control planes: a default in their place would be a guess.
  if (faulty.includes("roles")) return undefined;
  return hostSchema.safeParse(without(host, faulty)).data;
}

function without(section: unknown, keys: readonly string[]): Record<string, unknown> {
  if (section === null || typeof section !== "object" || Array.isArray(section)) return {};
  return Object.fromEntries(Object.entries(section).filter(([key]) => !keys.includes(key)));
}
