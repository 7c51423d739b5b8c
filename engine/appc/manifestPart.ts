import { Fault, gatherFaults } from "../../errors/fault.ts";

/**
 * One object of a manifest that is being read, with its path. Whatever is wrong is noted and a harmless value given, so
 * that a reader learns of all mistakes at once. A null stands for what is absent, as in the JSON that Go writes; fields
 * that nobody asks for are passed over.
 */
export class ManifestPart {
  readonly path: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #mistakes: Fault[];

  constructor(fields: Readonly<Record<string, unknown>>, path: string, mistakes: Fault[]) {
    this.#fields = fields;
    this.path = path;
    this.#mistakes = mistakes;
  }

  note(key: string | undefined, what: string, got?: unknown): void {
    const where = key === undefined ? this.path : this.#at(key);
    this.#mistakes.push(
      new Fault({
        what,
        ...(where !== "" && { where }),
        ...(got !== undefined && { got: JSON.stringify(got).slice(0, 200) }),
      }),
    );
  }

  /** Notes what a rule says of a value. */
  judge(key: string, mistake: string | undefined, got?: unknown): void {
    if (mistake !== undefined) this.note(key, mistake, got);
  }

  raw(key: string): unknown {
    return Object.hasOwn(this.#fields, key) ? (this.#fields[key] ?? undefined) : undefined;
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === "string") return value;
    this.note(key, "must be a string", value);
    return undefined;
  }

  /** A text that a rule speaks of; "" where it is absent, which the rule may refuse. */
  judgedText(key: string, rule: (text: string) => string | undefined): string {
    const before = this.#mistakes.length;
    const value = this.text(key) ?? "";
    if (this.#mistakes.length === before) this.judge(key, rule(value), value);
    return value;
  }

  requiredText(key: string, absent = `${key} must be set`): string {
    return this.judgedText(key, (text) => (text === "" ? absent : undefined));
  }

  flag(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === "boolean") return value;
    this.note(key, "must be true or false", value);
    return undefined;
  }

  /** A whole number within bounds. */
  count(key: string, least: number, most: number): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) {
      return value;
    }
    this.note(key, `must be a whole number in ${least}-${most} range`, value);
    return undefined;
  }

  list(key: string): readonly unknown[] {
    const value = this.raw(key);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.note(key, "must be a list", value);
    return [];
  }

  texts(key: string): readonly string[] {
    return this.list(key).flatMap((value, index) => {
      if (typeof value === "string") return [value];
      this.note(`${key}[${index}]`, "must be a string", value);
      return [];
    });
  }

  parts(key: string): readonly ManifestPart[] {
    return this.list(key).flatMap((value, index) => {
      const part = this.#partOf(value, `${key}[${index}]`);
      return part === undefined ? [] : [part];
    });
  }

  part(key: string): ManifestPart | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : this.#partOf(value, key);
  }

  /** An object whose values are all strings. */
  record(key: string): Readonly<Record<string, string>> {
    const value = this.raw(key);
    if (value === undefined) return {};
    if (!isObject(value)) {
      this.note(key, "must be an object of strings", value);
      return {};
    }
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, each]) => {
        if (typeof each === "string") return [[name, each]];
        this.note(`${key}.${name}`, "must be a string", each);
        return [];
      }),
    );
  }

  /** Notes each of several names that is there twice. */
  refuseTwice(key: string, names: readonly string[], message: (name: string) => string): void {
    const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
    for (const name of twice) this.note(key, message(name));
  }

  #partOf(value: unknown, key: string): ManifestPart | undefined {
    if (isObject(value)) return new ManifestPart(value, this.#at(key), this.#mistakes);
    this.note(key, "must be an object", value);
    return undefined;
  }

  #at(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }
}

/** Reads a text into a part, hands it on, and throws one fault that tells every mistake. */
export function readManifest<T>(text: string, kind: string, read: (part: ManifestPart) => T): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Fault({ what: `the ${kind} is not JSON`, cause: error });
  }
  if (!isObject(value)) throw new Fault({ what: `the ${kind} is not a JSON object` });
  const mistakes: Fault[] = [];
  const manifest = read(new ManifestPart(value, "", mistakes));
  const [first, ...more] = mistakes;
  if (first === undefined) return manifest;
  if (more.length === 0) throw first;
  throw gatherFaults(`the ${kind} has ${mistakes.length} mistakes`, mistakes);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
