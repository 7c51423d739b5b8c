/**
 * What a role has put on a host and what was there before. Written before each change, so that whatever a
 * cut-off run left can be found and taken back.
 */
import { z } from "zod";

const userEntry = z.object({
  created: z.boolean(),
  groupCreated: z.boolean(),
  /** How a user that was there before us looked. */
  before: z.object({ home: z.string(), shell: z.string(), groups: z.array(z.string()) }).optional(),
});

const directoryEntry = z.object({
  created: z.boolean(),
  before: z.object({ mode: z.string(), owner: z.string(), group: z.string(), empty: z.boolean() }).optional(),
  /** Goes with all that programs have put into it. */
  removeContents: z.boolean(),
});

const unitEntry = z.object({
  /** We wrote its file, as against a unit of the host's own that we only run. */
  own: z.boolean(),
  before: z.object({ enabled: z.boolean(), active: z.boolean() }).optional(),
});

export const ledgerSchema = z.object({
  role: z.string(),
  /** When the role came, in milliseconds: roles are swept in the reverse order. */
  since: z.number(),
  /** Packages that the role asks for. */
  requested: z.array(z.string()).default([]),
  /** Packages that were not there before us, dependencies included. */
  installed: z.array(z.string()).default([]),
  users: z.record(z.string(), userEntry).default({}),
  directories: z.record(z.string(), directoryEntry).default({}),
  /** `created: false` means that the former file is among the backups. */
  files: z.record(z.string(), z.object({ created: z.boolean() })).default({}),
  /** The value each setting had before us. */
  sysctls: z.record(z.string(), z.string()).default({}),
  units: z.record(z.string(), unitEntry).default({}),
  /** Units whose files have changed and that have not been started with them yet. */
  restart: z.array(z.string()).default([]),
  teardown: z.array(z.array(z.string())).default([]),
});

export type Ledger = z.infer<typeof ledgerSchema>;
export type UserEntry = z.infer<typeof userEntry>;
export type DirectoryEntry = z.infer<typeof directoryEntry>;
export type UnitEntry = z.infer<typeof unitEntry>;
export type LedgerKind = "users" | "directories" | "files" | "sysctls" | "units";

export function emptyLedger(role: string, since: number): Ledger {
  return {
    role,
    since,
    requested: [],
    installed: [],
    users: {},
    directories: {},
    files: {},
    sysctls: {},
    units: {},
    restart: [],
    teardown: [],
  };
}

/** Names that the role let go of, apart from those that another role still holds. */
export function released<Entry>(
  before: Readonly<Record<string, Entry>>,
  after: Readonly<Record<string, Entry>>,
  isHeld: (name: string) => boolean,
): { name: string; entry: Entry }[] {
  return Object.entries(before)
    .filter(([name]) => !Object.hasOwn(after, name) && !isHeld(name))
    .map(([name, entry]) => ({ name, entry }));
}

/** The ledgers of a host's other roles: what they hold is kept when this role lets go of it. */
export class Neighbours {
  readonly #ledgers: readonly Ledger[];

  constructor(ledgers: Iterable<Ledger>, role: string) {
    this.#ledgers = [...ledgers].filter((ledger) => ledger.role !== role);
  }

  /** The entry another role has for the same thing: it knows what was there before any of us. */
  entry<Entry>(
    name: string,
    entriesOf: (ledger: Ledger) => Readonly<Record<string, Entry>>,
  ): Entry | undefined {
    return this.#ledgers.map((ledger) => entriesOf(ledger)[name]).find((entry) => entry !== undefined);
  }

  hold(kind: LedgerKind, name: string): boolean {
    return this.#ledgers.some((ledger) => Object.hasOwn(ledger[kind], name));
  }

  holdsPackage(name: string): boolean {
    return this.#ledgers.some((ledger) => ledger.installed.includes(name) || ledger.requested.includes(name));
  }

  /**
   * What other roles have installed, if any of these packages is among it: whoever shares a package shares
   * the duty to take it away, and with it what it depends on.
   */
  installedWith(packages: readonly string[]): string[] {
    return this.#ledgers
      .filter((ledger) => packages.some((name) => ledger.installed.includes(name)))
      .flatMap((ledger) => ledger.installed);
  }

  /** Every path that another role keeps a file at. */
  get files(): Set<string> {
    return new Set(this.#ledgers.flatMap((ledger) => Object.keys(ledger.files)));
  }
}
