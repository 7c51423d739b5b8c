/** What a host holds, as lines: two of them show what was left behind. */
import type { LabHost } from "../../../lab/hosts.ts";
import { onHost } from "./lab-host.ts";

/** Databases that keep a copy of their former selves, and logs: they tell of what was, by design. */
const HISTORY = [
  "/etc/*-",
  "/etc/.pwd.lock",
  "/etc/ld.so.cache",
  "/var/lib/dpkg/*",
  "/var/lib/systemd/*",
  "/var/lib/apt/*",
  "/var/lib/rktnetes-test/*",
];

/** What a login brings while it lasts, and some seconds longer. */
const LOGIN = /user@\d+\.service|user-runtime-dir@|run-user-\d+|\/run\/user\//;

export async function snapshotOf(host: LabHost): Promise<string[]> {
  const except = HISTORY.map((pattern) => `-not -path '${pattern}'`).join(" ");
  const folders = "/etc /usr /opt /srv /home /root /var/lib /var/spool";
  const text = await onHost(
    host,
    `export LC_ALL=C
find ${folders} ${except} -type d -printf 'dir %p %m %u %g\\n'
find ${folders} ${except} -type f -printf 'file %p %m %u %g %s\\n'
find ${folders} ${except} -type l -printf 'link %p %l\\n'
find /etc ${except} -type f -print0 | sort -z | xargs -0 sha256sum
dpkg-query -W -f 'package \${Package} \${Version} \${Status}\\n'
getent passwd | sed 's/^/user /'; getent group | sed 's/^/group /'
awk '{ print "mount", $5 }' /proc/self/mountinfo
systemctl list-units --all --plain --no-legend --type=service,socket,timer,mount,path --state=active,failed | awk '{ print "unit", $1, $3 }' | grep -v session
systemctl list-unit-files --plain --no-legend | grep -v '[.]scope' | awk '{ print "unit-file", $1, $2 }'
cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/rp_filter | sed 's/^/sysctl /'
ls -A /run/lock | sed 's/^/lock /'
true`,
  );
  return text
    .split("\n")
    .filter((line) => line !== "" && !LOGIN.test(line))
    .sort();
}

/** Lines of one snapshot that the other lacks, with a sign. */
export function differences(before: readonly string[], after: readonly string[]): string[] {
  const was = new Set(before);
  const is = new Set(after);
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
}
