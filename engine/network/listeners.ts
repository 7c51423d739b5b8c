import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { everyAddress } from "./ports.ts";

/** Whether one of the host's own programs listens there already, and which. */
export function holderOf(protocol: "tcp" | "udp", address: string, port: number): string | undefined {
  for (const table of [protocol, `${protocol}6`]) {
    const socket = listeningSockets(readTable(table), protocol).find(
      (candidate) =>
        candidate.port === port &&
        (address === everyAddress || candidate.address === everyAddress || candidate.address === address),
    );
    if (socket !== undefined) return processWith(socket.inode) ?? "a program of the host";
  }
  return undefined;
}

export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** The listening ones of /proc/net/tcp, or the unconnected ones of /proc/net/udp; `6` tables too. */
export function listeningSockets(table: string, protocol: "tcp" | "udp"): readonly ListeningSocket[] {
  const state = protocol === "tcp" ? "0A" : "07";
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [address = "", port = ""] = (fields[1] ?? "").split(":");
      if (fields[3] !== state) return [];
      return [{ address: readableAddress(address), port: Number.parseInt(port, 16), inode: fields[9] ?? "" }];
    });
}

/** The kernel prints words of four bytes in the machine's order; machines that run this are little-endian. */
function readableAddress(hex: string): string {
  if (/^0*$/.test(hex)) return everyAddress;
  const mapped = /^0{16}FFFF0000([0-9A-F]{8})$/.exec(hex)?.[1];
  const four = hex.length === 8 ? hex : mapped;
  if (four === undefined) return hex;
  const bytes = four.match(/../g) ?? [];
  return bytes
    .map((byte) => Number.parseInt(byte, 16))
    .reverse()
    .join(".");
}

function readTable(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, "utf8");
  } catch {
    // A kernel without IPv6 has no such table.
    return "";
  }
}

function processWith(inode: string): string | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const files = readdirSync(`/proc/${pid}/fd`);
      if (files.some((file) => readlinkSync(`/proc/${pid}/fd/${file}`) === `socket:[${inode}]`)) {
        return `process ${pid} (${basename(readlinkSync(`/proc/${pid}/exe`))})`;
      }
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}
