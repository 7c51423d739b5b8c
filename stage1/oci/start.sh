#!/bin/sh
# Inside the pod's new namespaces, in its folder: mounts the apps' roots, names the pod, and becomes its first process.
# usage: start HOSTNAME GRACE MUTABLE CONSOLE CRUN ROOT APP...
set -eu
programs="${0%/*}"
hostname="$1"
shift
if [ -s fstab ]; then
  mount --all --fstab fstab
fi
printf '%s' "$hostname" >/proc/sys/kernel/hostname
# An app that may be typed to has a terminal of its own; any other finds no input.
exec "$programs/pod" inner "$@" </dev/null
