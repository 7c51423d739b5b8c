/**
 * `rktnetes:pki:Leaves`: the leaf certificates of one host and role, as one resource. Each is issued anew only
 * for a reason of its own (another name, an authority's new key, its renewal window); the others keep their
 * bytes, so that what is made of them on the host stays untouched.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { z } from "zod";
import { Fault } from "../../errors/fault.ts";
import { failuresOf, inOrder, propertyPath } from "../protocol/inputs.ts";
import type { Change, CheckFailure, ResourceKind } from "../protocol/resource.ts";
import {
  bare,
  isMap,
  partOf,
  revealProperties,
  Secret,
  Unknown,
  UNKNOWN,
  type Properties,
  type Value,
} from "../protocol/value.ts";
import type { Clock } from "./clock.ts";
import { issueLeaf, type Issued } from "./issue.ts";
import {
  leafSchema,
  leafWithDefaults,
  recordedLeafSchema,
  reissueReason,
  type Leaf,
  type LeafMatter,
  type RecordedLeaf,
} from "./leaf.ts";
import { stateHeld, unreadable } from "./state-held.ts";
import { validityFrom } from "./validity.ts";

const authoritySchema = z.strictObject({ certificate: z.string(), privateKey: z.string() });
const inputsSchema = z.strictObject({
  authorities: z.record(z.string(), authoritySchema),
  leaves: z.record(z.string(), leafSchema),
});
const outputsSchema = z.object({ leaves: z.record(z.string(), recordedLeafSchema) });

/** Properties whose keys are names. */
const MAPS = ["authorities", "leaves"];

const DAY = 24 * 60 * 60 * 1000;

export function leavesKind(clock: Clock): ResourceKind {
  return {
    token: "rktnetes:pki:Leaves",
    ...stateHeld,

    check(news) {
      const inputs = withDefaults(news);
      const failures = [...failuresOf(inputsSchema, inputs, MAPS), ...authorityFailures(inputs)];
      return Promise.resolve({ inputs, failures: inOrder(failures) });
    },

    diff({ olds, oldInputs, news }, { name }) {
      const recorded = recordedOf(olds, name);
      if (bare(news["leaves"] ?? null) instanceof Unknown) {
        return Promise.resolve({
          changes: { leaves: { kind: "update" } },
          lines: ["the leaves are not known yet"],
        });
      }
      const changes: Record<string, Change> = {};
      const lines: string[] = [];
      const reasons = reasonsOf(recorded, oldInputs, news, clock());
      for (const [leaf, reason] of reasons) {
        if (reason === undefined) continue;
        const kind = recorded[leaf] === undefined ? "add" : "update";
        changes[propertyPath(["leaves", leaf], MAPS)] = { kind };
        lines.push(`certificate "${leaf}" is issued${kind === "add" ? "" : " again"}: ${reason}`);
      }
      for (const leaf of Object.keys(recorded)) {
        if (reasons.has(leaf)) continue;
        changes[propertyPath(["leaves", leaf], MAPS)] = { kind: "delete" };
        lines.push(`certificate "${leaf}" is dropped: nothing asks for it any more`);
      }
      return Promise.resolve({ changes, lines });
    },

    async create(inputs, { name, preview }) {
      return { id: name, outputs: await outputsFor({}, {}, inputs, preview, clock()) };
    },

    async update({ olds, oldInputs, news }, { name, preview }) {
      return outputsFor(recordedOf(olds, name), oldInputs, news, preview, clock());
    },
  };
}

type RecordedLeaves = Readonly<Record<string, RecordedLeaf>>;

/** The reason to issue each wanted leaf, by name in order; undefined for one that stays. */
function reasonsOf(
  recorded: RecordedLeaves,
  oldInputs: Properties,
  news: Properties,
  now: Date,
): Map<string, string | undefined> {
  const reasonOf = ([name, wanted]: [string, Value]): [string, string | undefined] => {
    const authority = partOf(wanted, "authority");
    const matter: LeafMatter = {
      old: partOf(partOf(oldInputs, "leaves"), name),
      wanted,
      recorded: recorded[name],
      oldAuthority: authorityNamed(oldInputs, authority),
      authority: authorityNamed(news, authority),
    };
    return [name, reissueReason(matter, now)];
  };
  const byName = entriesAt(news, "leaves").toSorted(([left], [right]) => (left < right ? -1 : 1));
  return new Map(byName.map(reasonOf));
}

/** What stays as recorded; the rest issued, or in a preview not known. */
async function outputsFor(
  recorded: RecordedLeaves,
  oldInputs: Properties,
  news: Properties,
  preview: boolean,
  now: Date,
): Promise<Properties> {
  if (bare(news["leaves"] ?? null) instanceof Unknown) return { leaves: UNKNOWN };
  const leaves: Record<string, Value> = {};
  for (const [name, reason] of reasonsOf(recorded, oldInputs, news, now)) {
    const stays = reason === undefined ? recorded[name] : undefined;
    if (stays !== undefined) leaves[name] = outputOf(stays);
    else if (preview) leaves[name] = UNKNOWN_LEAF;
    else leaves[name] = outputOf(await issue(name, news, now));
  }
  return { leaves };
}

const UNKNOWN_LEAF: Properties = {
  certificate: UNKNOWN,
  privateKey: new Secret(UNKNOWN),
  notAfter: UNKNOWN,
  serial: UNKNOWN,
};

function outputOf({ certificate, privateKey, notAfter, serial }: RecordedLeaf): Properties {
  return { certificate, privateKey: new Secret(privateKey), notAfter, serial };
}

async function issue(name: string, news: Properties, now: Date): Promise<RecordedLeaf> {
  const { authorities, leaves } = inputsSchema.parse(revealProperties(news));
  const leaf = leaves[name];
  const authority = leaf === undefined ? undefined : authorities[leaf.authority];
  if (leaf === undefined || authority === undefined)
    throw new Error(`leaf "${name}" or its authority is missing`);
  return issueFrom(name, leaf, authority, now);
}

async function issueFrom(name: string, leaf: Leaf, authority: Issued, now: Date): Promise<RecordedLeaf> {
  const latest = new Date(new X509Certificate(authority.certificate).validTo);
  if (latest <= now) {
    throw new Fault({
      what: `the authority "${leaf.authority}" has expired`,
      where: propertyPath(["leaves", name], MAPS),
      got: latest.toISOString(),
      allowed: `an end after ${now.toISOString()}`,
      remedy: "have the authority signed again first (its renewal window does that by itself)",
    });
  }
  const validity = validityFrom(now, leaf.validityDays, latest);
  const { commonName, organizations } = leaf;
  const issued = await issueLeaf({ ...leaf, subject: { commonName, organizations }, validity }, authority);
  const serial = new X509Certificate(issued.certificate).serialNumber.toLowerCase();
  return { ...issued, notAfter: validity.notAfter.toISOString(), serial };
}

function withDefaults(news: Properties): Properties {
  const leaves = inEnvelope(news["leaves"] ?? null, (map) =>
    Object.fromEntries(Object.entries(map).map(([name, leaf]) => [name, inEnvelope(leaf, leafWithDefaults)])),
  );
  return "leaves" in news ? { ...news, leaves } : news;
}

/** Changes a map, inside its envelope if it came in one. */
function inEnvelope(value: Value, change: (map: Properties) => Properties): Value {
  if (value instanceof Secret) return new Secret(inEnvelope(value.value, change));
  return isMap(value) ? change(value) : value;
}

/** Mistakes between leaves and authorities, and in the authorities themselves, as far as they are known. */
function authorityFailures(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const days = new Map<string, number>();
  for (const [name, authority] of entriesAt(inputs, "authorities")) {
    const at = (part: string): string => propertyPath(["authorities", name, part], MAPS);
    const [certificate, privateKey] = [partOf(authority, "certificate"), partOf(authority, "privateKey")];
    if (typeof certificate !== "string") continue;
    const read = attempt(() => new X509Certificate(certificate));
    if (read?.ca !== true) {
      failures.push({ property: at("certificate"), reason: "is not an authority's certificate in PEM" });
      continue;
    }
    days.set(name, Math.floor((Date.parse(read.validTo) - Date.parse(read.validFrom)) / DAY));
    if (typeof privateKey !== "string") continue;
    if (attempt(() => read.checkPrivateKey(createPrivateKey(privateKey))) !== true) {
      failures.push({
        property: at("privateKey"),
        reason: "is not the private key (PEM) of this certificate",
      });
    }
  }
  for (const [name, leaf] of entriesAt(inputs, "leaves"))
    failures.push(...leafFailures(name, leaf, inputs, days));
  return failures;
}

function leafFailures(
  name: string,
  leaf: Value,
  inputs: Properties,
  days: ReadonlyMap<string, number>,
): CheckFailure[] {
  const [authority, validityDays] = [partOf(leaf, "authority"), partOf(leaf, "validityDays")];
  const authorities = partOf(inputs, "authorities");
  if (typeof authority !== "string" || !isMap(authorities)) return [];
  if (!Object.hasOwn(authorities, authority)) {
    const known = Object.keys(authorities).map((one) => JSON.stringify(one));
    const reason = `there is no such authority: must be one of ${known.join(", ")}; got ${JSON.stringify(authority)}`;
    return [{ property: propertyPath(["leaves", name, "authority"], MAPS), reason }];
  }
  const longest = days.get(authority);
  if (longest === undefined || typeof validityDays !== "number" || validityDays <= longest) return [];
  const reason = `must not exceed the ${longest} days of its authority "${authority}"; got ${validityDays}`;
  return [{ property: propertyPath(["leaves", name, "validityDays"], MAPS), reason }];
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Why a text is no certificate, OpenSSL says in words that help nobody; that it is none is reported.
    return undefined;
  }
}

function entriesAt(properties: Properties, key: string): [string, Value][] {
  const value = partOf(properties, key);
  return isMap(value) ? Object.entries(value) : [];
}

function authorityNamed(inputs: Properties, name: Value): Value {
  return typeof name === "string" ? partOf(partOf(inputs, "authorities"), name) : null;
}

function recordedOf(outputs: Properties, name: string): RecordedLeaves {
  const parsed = outputsSchema.safeParse(revealProperties(outputs));
  if (!parsed.success) throw unreadable(name, parsed.error);
  return parsed.data.leaves;
}
