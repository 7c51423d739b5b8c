import type { FlagGrammar } from "./grammar/grammar.ts";

/** A flag as it was met. */
export interface GivenFlag {
  readonly grammar: FlagGrammar;
  readonly value: string;
  /** As typed, such as `--memory=64M`. */
  readonly typed: string;
  /** Whether a word that is no flag came before. */
  readonly afterWord: boolean;
}

/** What was said about the flags of a command that belong to no image. */
export class FlagValues {
  readonly #given: readonly GivenFlag[];

  constructor(given: readonly GivenFlag[]) {
    this.#given = given;
  }

  has(name: string): boolean {
    return this.#given.some(({ grammar }) => grammar.name === name);
  }

  /** The last value. An empty one is as none at all. */
  text(name: string): string | undefined {
    const value = this.#given.findLast(({ grammar }) => grammar.name === name)?.value;
    return value === "" ? undefined : value;
  }

  texts(name: string): readonly string[] {
    return this.all(name).map(({ value }) => value);
  }

  all(name: string): readonly GivenFlag[] {
    return this.#given.filter(({ grammar }) => grammar.name === name);
  }

  /** The last value, or whether it is on by default. */
  flag(name: string, byDefault = false): boolean {
    const value = this.text(name);
    return value === undefined ? byDefault : (boolOf(value) ?? byDefault);
  }

  /** Milliseconds. */
  duration(name: string, byDefault: number): number {
    const value = this.text(name);
    return value === undefined ? byDefault : (durationOf(value) ?? byDefault);
  }
}

/** As Go reads it. */
export function boolOf(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  return undefined;
}

const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a duration as Go writes it: `1h30m`, `-1s`, `0`. */
export function durationOf(text: string): number | undefined {
  const [, sign = "", rest = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0;
  const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (rest === "" || parts.map(([part]) => part).join("") !== rest) return undefined;
  const sum = parts.reduce(
    (total, [, amount = "", unit = ""]) => total + Number(amount) * (milliseconds[unit] ?? 0),
    0,
  );
  return sign === "-" ? -sum : sum;
}

/** What is wrong with a value, in Go's or rkt's words. */
export function valueMistake({ kind }: FlagGrammar, value: string): string | undefined {
  const quoted = JSON.stringify(value);
  switch (kind.type) {
    case "bool":
      return boolOf(value) === undefined ? `strconv.ParseBool: parsing ${quoted}: invalid syntax` : undefined;
    case "duration":
      return durationOf(value) === undefined ? `time: invalid duration ${value}` : undefined;
    case "choice": {
      if (value === "" || kind.values.includes(value)) return undefined;
      if (kind.refusal !== undefined)
        return kind.refusal.endsWith(" ") ? `${kind.refusal}${value}` : kind.refusal;
      return `${quoted} is not one of: ${kind.values.join(", ")}`;
    }
    case "choices": {
      const wrong = value.split(",").find((each) => !kind.values.includes(each));
      return wrong === undefined
        ? undefined
        : `couldn't set value: option ${JSON.stringify(wrong)} is not one of: ${kind.values.join(", ")}`;
    }
    case "port":
      return /^\d{1,5}$/.test(value) && Number(value) <= 65535 ? undefined : `${quoted} is no port`;
    case "text":
    case "path":
    case "folder":
      return undefined;
  }
}
