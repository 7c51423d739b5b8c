import { Fault } from "../../errors/fault.ts";

/** Amounts as Kubernetes writes them: `500m`, `64M`, `1Gi`, `12e6`. Exact: no amount passes through a float. */

const decimal: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binary: Readonly<Record<string, bigint>> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};

/** What a quantity comes to, as an exact fraction. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

/** What is wrong with the text of a quantity, in Kubernetes' words. */
export function quantityMistake(text: string): string | undefined {
  const parsed = fractionOf(text);
  return typeof parsed === "string" ? parsed : undefined;
}

/** What a quantity comes to, as near as a number can. A Fault where the text is none. */
export function parseQuantity(text: string): number {
  const parsed = fractionOf(text);
  if (typeof parsed === "string")
    throw new Fault({ what: parsed, got: text, allowed: "such as 500m, 64M or 1Gi" });
  return Number(parsed.over) / Number(parsed.under);
}

/** A quantity in whole units, rounded up as Kubernetes does. The text is known to be well-formed. */
export function wholeUnits(text: string): bigint {
  return rounded(text, 1n);
}

/** A quantity in thousandths, rounded up: what a cpu's share is counted in. */
export function thousandths(text: string): bigint {
  return rounded(text, 1000n);
}

function rounded(text: string, by: bigint): bigint {
  const parsed = fractionOf(text);
  if (typeof parsed === "string") throw new Error(`${parsed}: ${text}`);
  const scaled = parsed.over * by;
  const quotient = scaled / parsed.under;
  return scaled > 0n && scaled % parsed.under !== 0n ? quotient + 1n : quotient;
}

function fractionOf(text: string): Fraction | string {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?([a-zA-Z]*)([+-]?\d*)$/.exec(text);
  const [, sign = "", whole = "", part = "", suffix = "", exponent = ""] = parts ?? [];
  if (parts === null || (whole === "" && part === "")) {
    return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  }
  const digits = BigInt(whole + part) * (sign === "-" ? -1n : 1n);
  const under = 10n ** BigInt(part.length);
  const power = powerOf(suffix, exponent);
  if (power !== undefined) {
    return power >= 0
      ? { over: digits * 10n ** BigInt(power), under }
      : { over: digits, under: under * 10n ** BigInt(-power) };
  }
  const factor = exponent === "" ? binary[suffix] : undefined;
  if (factor === undefined) return "unable to parse quantity's suffix";
  return { over: digits * factor, under };
}

/** The power of ten that a suffix stands for; undefined where it is none. */
function powerOf(suffix: string, exponent: string): number | undefined {
  if (exponent === "") return decimal[suffix];
  const power = suffix === "e" || suffix === "E" ? Number(exponent) : NaN;
  // Far beyond any machine, and near enough that the arithmetic stays small.
  return Math.abs(power) <= 60 ? power : undefined;
}
