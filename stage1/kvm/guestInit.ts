/** What runs inside the virtual machine, as shell scripts for busybox. */

/**
 * The first process: brings the pod's files in, starts the apps, and ends the machine when they have ended. Apps get
 * devices of their own, as in any other pod: nobody's console, and nobody's way to the host.
 */
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
chmod 666 /dev/ttyS0
fail() {
  echo "stage1: $1"
  sync
  reboot -f
}
mount -t virtiofs pod /pod || fail "the pod's files cannot be reached from the virtual machine"
. /pod/rkt/guest/pod

devices_in() {
  mount -t tmpfs -o nosuid,mode=755 tmpfs "$1"
  mkdir "$1/pts" "$1/shm"
  mount --bind /dev/pts "$1/pts"
  mount --bind /dev/shm "$1/shm"
  while read -r name minor; do mknod -m 666 "$1/$name" c 1 "$minor"; done <<END
null 3
zero 5
full 7
random 8
urandom 9
END
  mknod -m 666 "$1/tty" c 5 0
  ln -s pts/ptmx "$1/ptmx"
  ln -s /proc/self/fd "$1/fd"
  ln -s fd/0 "$1/stdin"
  ln -s fd/1 "$1/stdout"
  ln -s fd/2 "$1/stderr"
}
for app in $apps; do
  root=/pod/opt/stage2/$app/rootfs
  for each in proc sys; do mount --rbind "/$each" "$root/$each"; done
  devices_in "$root/dev"
done

for port in $ports; do
  (
    while set -- /dev/vport*p"$port"; [ ! -e "$1" ]; do sleep 0.05; done
    exec /agent "$1"
  ) &
done

mkfifo /events
exec 5<>/events
for app in $apps; do
  (
    sh "/pod/rkt/guest/start-$app" 5<&- &
    echo "$!" >"/pids/$app"
    wait "$!"
    echo "$app $?" >&5
  ) &
done
ln -s ready /pod/rkt/supervisor-status
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
  ports: readonly number[],
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
    `ports=${word(ports.join(" "))}`,
    "",
  ].join("\n");
}

/** Becomes one app. */
export function guestStart(words: readonly string[], oomScoreAdj?: number): string {
  const adjust = oomScoreAdj === undefined ? "" : `echo ${oomScoreAdj} >/proc/self/oom_score_adj\n`;
  return `${adjust}exec ${words.map(word).join(" ")}\n`;
}

function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
