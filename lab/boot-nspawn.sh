#!/bin/bash
# One boot of an nspawn host: becomes the systemd-nspawn that holds it. Started by supervise.sh.
# Usage: boot-nspawn.sh FOLDER SUPERVISOR
set -euo pipefail
folder=$1
supervisor=$2
# The host's mounts, interfaces and routes live in namespaces that end with it.
if [[ ${3-} != inside ]]; then
  exec unshare --mount --net --propagation slave "$0" "$folder" "$supervisor" inside
fi
# shellcheck source=/dev/null
. "$folder/supervise.conf"

# The cable: one end here, the other on the lab's bridge. An end that a killed boot left is in the way.
outside() { nsenter --target "$supervisor" --net -- "$@"; }
outside ip link del "$CABLE" 2>/dev/null || true
outside ip link add "$CABLE" mtu "$MTU" master "$BRIDGE" type veth \
  peer name eth0 address "$MAC" mtu "$MTU" netns "$$"
outside ip link set "$CABLE" addrgenmode none up

if [[ $ROOT_STYLE == overlay ]]; then
  mount -t overlay rktnetes-lab \
    -o "lowerdir=$BASE,upperdir=$folder/upper,workdir=$folder/work,redirect_dir=on" "$folder/root"
fi

# systemd-nspawn leaves folders in /run/systemd; these end with the namespace.
mkdir -p /run/systemd
mount -t tmpfs -o mode=0755 tmpfs /run/systemd

binds=()
for device in /dev/kmsg /dev/fuse /dev/net/tun /dev/loop-control; do
  [[ -e $device ]] && binds+=("--bind=$device")
done

# systemd-nspawn leaves v1 controllers and /proc/sys read-only; a host's administrator may write to them.
# /sys itself stays read-only, which is how udevd knows to stay off.
# shellcheck disable=SC2016
init='mount -o remount,bind,rw /proc/sys
while read -r _ where type _; do
  case $type in cgroup|cgroup2|tmpfs) case $where in /sys/fs/cgroup*) mount -o remount,bind,rw "$where";; esac;; esac
done </proc/mounts
mount --make-rshared /
exec /lib/systemd/systemd "$@"'

# SYSTEMD_SECCOMP: its filter denies keyrings, without which crun and runc start nothing.
export SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_LOCK=0 SYSTEMD_NSPAWN_TMPFS_TMP=0
exec systemd-nspawn --quiet --directory="$folder/root" --machine="$MACHINE" --hostname="$HOSTNAME_INSIDE" \
  --register=no --keep-unit --private-users=no --capability=all \
  --network-namespace-path=/proc/self/ns/net --resolv-conf=off --timezone=off --link-journal=no \
  --kill-signal=SIGRTMIN+3 --console=read-only \
  "${binds[@]}" --bind="$folder/var:/var" \
  /bin/sh -ec "$init" init "${INIT_ARGS[@]}" >>"$folder/console.log" 2>&1
