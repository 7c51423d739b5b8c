/** What a host holds beside its files: two snapshots show what was left behind. */
import { snapshotOf } from "../integration/host/snapshot.ts";
import type { HostInLab } from "./host-in-lab.ts";
import type { Snapshot } from "./machine-snapshot.ts";

export async function hostSnapshot(host: HostInLab): Promise<Snapshot> {
  const files = await snapshotOf(await host.found());
  const rest = await host.run(`export LC_ALL=C
ip -o link | awk -F': ' '{ print "interface", $2 }'
ip route show table all | sed 's/^/route /'
ls /run/netns 2>/dev/null | sed 's/^/netns /'
nft list ruleset | sed 's/^/nft /'
find /sys/fs/cgroup -type d | grep -Ev '/(user[.]slice|session-)|systemd-(tmpfiles|hostnamed|timedated|logind|exit)' | sed 's/^/cgroup /'
processes=$(ps -eo comm=); printf '%s\\n' "$processes" | grep -Ev '^(bash|ps|sed|sort|sshd.*|sftp-server|systemd.*|\\((sd-pam|udev-worker)\\)|kworker.*|agetty)$' | sort -u | sed 's/^/process /'
find /run /var/log /tmp -mindepth 1 -maxdepth 1 | grep -v /tmp/systemd-private | sed 's/^/path /'
true`);
  return [...files, ...rest.split("\n").filter((line) => line !== "")].sort();
}
