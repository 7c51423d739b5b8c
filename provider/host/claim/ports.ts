/** Who listens on a port: asked of the host only when a required port is taken. */
import { z } from "zod";
import { sh } from "../remote/quote.ts";
import type { HostWork } from "../remote/work.ts";
import { LEDGERS } from "../layout.ts";
import { ledgerSchema } from "../state/ledger.ts";
import type { Listener } from "./facts.ts";
import type { PortHolder } from "./preflight.ts";

/** The processes on these ports, apart from those of units that a ledger names as ours. */
export async function foreignHolders(work: HostWork, taken: readonly Listener[]): Promise<PortHolder[]> {
  if (taken.length === 0) return [];
  const inodes = taken.map(({ inode }) => inode);
  const result = await work.step(
    "sees who holds ports",
    sh`wanted=${` ${inodes.join(" ")} `}
for link in /proc/[0-9]*/fd/*; do
  target=$(readlink "$link" 2>/dev/null) || continue
  case "$target" in socket:*) inode=\${target#socket:[}; inode=\${inode%]};; *) continue;; esac
  case "$wanted" in *" $inode "*) ;; *) continue;; esac
  pid=\${link#/proc/}; pid=\${pid%%/*}
  printf '%s\\0%s\\0%s\\0' "$inode" "$(cat "/proc/$pid/comm" 2>/dev/null)[$pid]" "$(cat "/proc/$pid/cgroup" 2>/dev/null)"
done
printf 'ledgers\\0'
for f in ${LEDGERS}/*.json; do if [ -e "$f" ]; then cat "$f"; printf '\\0'; fi; done`,
  );
  const fields = result.stdout.toString("utf8").split("\0");
  const split = fields.indexOf("ledgers");
  const ours = new Set(
    fields
      .slice(split + 1)
      .filter((text) => text.trim() !== "")
      .flatMap((text) => Object.keys(ledgerSchema.parse(z.unknown().parse(JSON.parse(text))).units)),
  );
  const processes = new Map<string, { process: string; unit: string }>();
  for (let at = 0; at + 2 < split + 1; at += 3) {
    const [inode = "", process = "", cgroup = ""] = fields.slice(at, at + 3);
    if (!processes.has(inode)) processes.set(inode, { process, unit: unitOf(cgroup) });
  }
  const holders = taken.map(({ port, protocol, inode }) => {
    const holder = processes.get(inode) ?? { process: "a process that could not be seen", unit: "" };
    return { port, protocol, ...holder };
  });
  const foreign = holders.filter(({ unit }) => !ours.has(unit));
  return [...new Map(foreign.map((holder) => [`${holder.port}/${holder.protocol}`, holder])).values()];
}

/** The innermost service, socket or scope in /proc/PID/cgroup. */
export function unitOf(cgroup: string): string {
  const units = [...cgroup.matchAll(/([A-Za-z0-9:_.@\\-]+\.(?:service|scope|socket))(?=\/|$)/gm)];
  return units.at(-1)?.[1] ?? "";
}
