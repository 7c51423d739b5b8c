import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "./chooseNetworks.ts";
import type { NetworkPlaces } from "./places.ts";

/** An address that host-local has given out: a file named like it, whose first line is who has it. */
export interface Lease {
  readonly network: string;
  readonly address: string;
  readonly path: string;
  /** Empty when host-local was killed between making and filling the file. */
  readonly holder: string;
  readonly givenAt: number;
}

export function readLeases(
  places: NetworkPlaces,
  networks: readonly string[],
  addresses?: readonly string[],
): readonly Lease[] {
  return networks.flatMap((network) => {
    const folder = join(places.leases, network);
    return (addresses ?? namesIn(folder))
      .filter((name) => /^[0-9a-f.:]+$/.test(name))
      .flatMap((address) => {
        const path = join(folder, address);
        try {
          const holder = readFileSync(path, "utf8").split(/\r?\n/)[0] ?? "";
          return [{ network, address, path, holder: holder.trim(), givenAt: statSync(path).mtimeMs }];
        } catch (error) {
          if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
          throw error;
        }
      });
  });
}

/** Frees what a pod still has of a network: one address, or all of them where its plugin could not say which. */
export function freeLeases(places: NetworkPlaces, uuid: string, network: string, address?: string): void {
  const leases = readLeases(places, [network], address === undefined ? undefined : [address]);
  for (const { holder, path } of leases) {
    if (holder === uuid) rmSync(path, { force: true });
  }
}

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Longer than any plugin takes between making a lease's file and filling it. */
const UNFILLED_MS = 60_000;

/**
 * Leases that nobody can have any more: from before the last boot, which no pod outlives, or never filled. Whoever
 * else gives out addresses of a network by the same name is not judged: its holders are no pods of ours.
 */
export function staleLeases(
  leases: readonly Lease[],
  times: { readonly bootedAt: number; readonly now: number },
): readonly Lease[] {
  return leases.filter(({ holder, givenAt }) =>
    holder === ""
      ? givenAt < Math.max(times.bootedAt, times.now - UNFILLED_MS)
      : uuidShape.test(holder) && givenAt < times.bootedAt,
  );
}

/** When the machine came up, by the text of /proc/stat. */
export function bootTime(stat: string): number {
  return Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? "0") * 1000;
}
