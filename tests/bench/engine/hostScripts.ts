/** What runs on the bench's host: shell that times commands turn by turn, and what it prints, read back. */
import { busybox } from "../../support/engine-host.ts";
import { quoted } from "../../../lab/shell-words.ts";

export interface TimedCommand {
  readonly name: string;
  readonly command: string;
}

export interface Timing {
  readonly name: string;
  readonly milliseconds: number;
  /** User and system time of the command and of all that it waited for. */
  readonly processor: number;
}

export function runPod(flavour: string, net: string): string {
  return `rkt run --stage1-name=coreos.com/rkt/stage1-${flavour} --net=${net} ${busybox} --exec=/bin/true`;
}

/** Each command once in each round, so that whatever else the machine does hits all of them alike. */
export function timeScript(commands: readonly TimedCommand[], rounds: number, between = ":"): string {
  const timed = commands.map(
    ({ name, command }) =>
      `{ time ${command} >/dev/null 2>/tmp/bench.err; } 2>/tmp/bench.time || { echo "failed: "${quoted(name)}; cat /tmp/bench.err; exit 1; }
echo ${quoted(name)} $(cat /tmp/bench.time)`,
  );
  return `export LC_ALL=C
TIMEFORMAT='%3R %3U %3S'
for round in $(seq ${rounds}); do
${timed.join("\n")}
{ ${between}; } >/dev/null 2>&1
done
`;
}

export function timingsOf(printed: string): readonly Timing[] {
  return printed
    .trim()
    .split("\n")
    .map((line) => {
      const match = /^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/.exec(line);
      if (match?.[1] === undefined) throw new Error(`the host says: ${printed}`);
      const [, name, real, user, system] = match;
      return {
        name,
        milliseconds: Math.round(Number(real) * 1000),
        processor: Math.round((Number(user) + Number(system)) * 1000),
      };
    });
}

/**
 * The memory of a pod's processes apart from the app's: what is theirs alone, and with their parts of what they share.
 * `$1` the pod's first process on the host. Prints a line for each: name, KiB alone, KiB with shares.
 */
export const memoryScript = `below() { echo "$1"; for each in $(cat /proc/$1/task/$1/children); do below "$each"; done; }
for pid in $(below "$1"); do
  name=$(tr ' ' _ </proc/$pid/comm)
  [ "$name" != sleep ] || continue
  awk -v name="$name" '/^Pss:/ { shared = $2 } /^Private_/ { alone += $2 } END { print name, alone, shared }' /proc/$pid/smaps_rollup
done`;

export interface ProcessMemory {
  readonly name: string;
  readonly alone: number;
  readonly withShares: number;
}

export function memoryOf(printed: string): readonly ProcessMemory[] {
  return printed
    .trim()
    .split("\n")
    .map((line) => {
      const [name = "", alone = "", withShares = ""] = line.split(" ");
      return { name, alone: Number(alone) / 1024, withShares: Number(withShares) / 1024 };
    });
}
