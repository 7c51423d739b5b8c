/** What runs inside the virtual machine, as shell scripts for busybox. */

/** The first process: brings the pod's files in, starts the apps, and ends the machine when they have ended. */
export const guestInit = `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /pids
mount -t devpts -o ptmxmode=0666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
while read -r module; do insmod "/modules/$module"; done </modules/order
exec </dev/null >/dev/ttyS0 2>&1
stty -F /dev/ttyS0 -opost
fail() {
  echo "stage1: $1"
  sync
  reboot -f
}
mount -t virtiofs pod /pod || fail "the pod's files cannot be reached from the virtual machine"
. /pod/rkt/guest/pod

mkfifo /events
exec 5<>/events
for app in $apps; do
  for each in proc sys dev; do mount --rbind "/$each" "/pod/opt/stage2/$app/rootfs/$each"; done
  (
    sh "/pod/rkt/guest/start-$app" &
    echo "$!" >"/pids/$app"
    wait "$!"
    echo "$app $?" >&5
  ) &
done
(
  stty -F /dev/ttyS1 raw -echo
  while read -r word </dev/ttyS1; do [ "$word" != stop ] || echo "- stop" >&5; done
) &

signal_apps() {
  for each in /pids/*; do [ ! -e "$each" ] || kill "-$1" "$(cat "$each")"; done
}
end_apps() {
  signal_apps TERM
  (sleep 30; signal_apps KILL) &
}
left=$(echo $apps | wc -w)
code=
while [ "$left" -gt 0 ] && read -r app status <&5; do
  if [ "$status" = stop ]; then
    end_apps
    continue
  fi
  left=$((left - 1))
  rm -f "/pids/$app"
  printf %s "$status" >"/pod/rkt/status/.$app" && mv "/pod/rkt/status/.$app" "/pod/rkt/status/$app"
  if [ "$status" != 0 ] && [ -z "$code" ]; then
    code=$status
    end_apps
  fi
done
printf %s "\${code:-0}" >/pod/rkt/exit
sync
reboot -f
`;

export interface GuestInterface {
  readonly name: string;
  /** Address and length of the prefix. */
  readonly addresses: readonly string[];
  /** As \`ip route add\` takes them, each after those it needs. */
  readonly routes: readonly string[];
}

/** What differs between pods; read by the first process. */
export function guestPod(
  hostname: string,
  apps: readonly string[],
  interfaces: readonly GuestInterface[],
): string {
  return [
    `hostname ${word(hostname)}`,
    "ip link set lo up",
    ...interfaces.flatMap(({ name, addresses, routes }) => [
      `ip link set ${name} up`,
      ...addresses.map((address) => `ip addr add ${address} dev ${name}`),
      ...routes.map((route) => `ip route add ${route}`),
    ]),
    `apps=${word(apps.join(" "))}`,
    "",
  ].join("\n");
}

/** Becomes one app. */
export function guestStart(words: readonly string[]): string {
  return `exec ${words.map(word).join(" ")}\n`;
}

function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
