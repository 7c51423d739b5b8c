/** What the machine's routing says: ranges in use, and the size of packets that leave. */
import { z } from "zod";
import { run } from "./program.ts";
import type { UsedRange } from "./subnet.ts";

const routesSchema = z.array(
  z.object({ dst: z.string(), dev: z.string().optional(), type: z.string().optional() }),
);
const linksSchema = z.array(z.object({ ifname: z.string(), mtu: z.number() }));

/** IPv4 ranges that routes and addresses of the machine cover, but for those of one interface. */
export async function usedRanges(except: string): Promise<UsedRange[]> {
  const routes = routesSchema.parse(
    JSON.parse(await run("ip", ["-4", "-j", "route", "show", "table", "all"])),
  );
  return routes
    .filter(
      ({ dst, dev, type }) =>
        dst !== "default" && dev !== except && type !== "broadcast" && type !== "multicast",
    )
    .map(({ dst, dev, type }) => ({ cidr: dst, user: `${type ?? "route"} of ${dev ?? "no interface"}` }));
}

/** Hosts must not send what the way out cannot carry. */
export async function uplinkMtu(): Promise<number> {
  const routes = routesSchema.parse(JSON.parse(await run("ip", ["-4", "-j", "route", "show", "default"])));
  const uplinks = new Set(routes.map(({ dev }) => dev));
  const links = linksSchema.parse(JSON.parse(await run("ip", ["-j", "link", "show"])));
  return Math.min(1500, ...links.filter(({ ifname }) => uplinks.has(ifname)).map(({ mtu }) => mtu));
}
