#!/bin/bash
# Keeps one resident of a lab network (a host, the registry) running until it ends by itself: starts it, and
# starts it again when it asks to reboot. Outlives whoever started it.
# Usage: supervise.sh FOLDER, the resident's state folder with supervise.conf in it.
set -euo pipefail
folder=$1
# shellcheck source=/dev/null
. "$folder/supervise.conf"

# It may run for days: nothing of its creator is held open.
exec </dev/null >>"$folder/supervisor.log" 2>&1
cd "$folder"

# Field 22 of stat is the start time; this program's name holds no space.
read -ra stat <"/proc/$$/stat"
printf '%s %s\n' "$$" "${stat[21]}" >supervisor.pid.partial
mv supervisor.pid.partial supervisor.pid

if [[ $DELEGATED == yes && -e /sys/fs/cgroup/cgroup.controllers ]]; then
  # systemd has made the group. In cgroup v2 only leaves have members: the payload's is beside this one.
  own=$(sed -n 's/^0:://p' /proc/self/cgroup)
  mkdir -p "/sys/fs/cgroup$own/supervisor"
  CGROUPS=("/sys/fs/cgroup$own/supervisor")
  CLEARED=("/sys/fs/cgroup$own/payload")
fi
for group in "${CGROUPS[@]}"; do
  echo "$$" >"$group/cgroup.procs"
done

# A host's next boot begins with groups that are as empty as after a real one.
clear_groups() {
  local group
  for group in "${CLEARED[@]}"; do
    [[ -d $group ]] || continue
    find "$group" -mindepth 1 -depth -type d -exec rmdir {} \; || true
  done
}

# A function is read whole before it runs: an update of the checkout may change this file meanwhile.
keep_running() {
  local boot=0 status payload
  while :; do
    boot=$((boot + 1))
    clear_groups
    rm -f again
    printf '%s boot %s\n' "$(date --iso-8601=seconds)" "$boot"
    echo "$boot" >boots
    status=0
    # shellcheck disable=SC2153 # BOOT is of supervise.conf
    "$SCRIPTS/$BOOT" "$folder" "$$" &
    payload=$!
    read -ra stat <"/proc/$payload/stat"
    printf '%s %s\n' "$payload" "${stat[21]}" >payload.pid.partial
    mv payload.pid.partial payload.pid
    wait "$payload" || status=$?
    rm -f payload.pid
    if [[ -n $CABLE ]]; then ip link del "$CABLE" 2>/dev/null || true; fi
    printf '%s ended with %s\n' "$(date --iso-8601=seconds)" "$status"
    # 133 is how systemd-nspawn says that the host wants to reboot.
    [[ $status == 133 || -e again ]] || break
  done
  clear_groups
  rm -f supervisor.pid
  exit "$status"
}

keep_running
