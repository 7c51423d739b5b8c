/** Numbers by chance that can be had again: the seed is printed, and taken from SEED. */
import { randomInt } from "node:crypto";

export const SEED = Number(process.env["SEED"] ?? randomInt(1, 1_000_000));

/** Mulberry32: small, and the same everywhere. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least `least`, less than `below`. */
  between(least: number, below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const unit = ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    return least + Math.floor(unit * (below - least));
  }
}
