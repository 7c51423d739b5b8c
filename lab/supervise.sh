#!/bin/bash
# Keeps one lab host running until it powers off: boots it, and boots it again when it asks to reboot.
# Outlives whoever started it. Usage: supervise.sh FOLDER, the host's state folder with host.conf in it.
set -euo pipefail
folder=$1
# shellcheck source=/dev/null
. "$folder/host.conf"

# A host may run for days: nothing of its creator is held open.
exec </dev/null >>"$folder/supervisor.log" 2>&1
cd "$folder"

# Field 22 of stat is the start time; this program's name holds no space.
read -ra stat <"/proc/$$/stat"
printf '%s %s\n' "$$" "${stat[21]}" >supervisor.pid.partial
mv supervisor.pid.partial supervisor.pid

for group in "${CGROUPS[@]}"; do
  echo "$$" >"$group/cgroup.procs"
done

# What a host left in its groups would be there before its next boot began.
clear_groups() {
  local group
  for group in "${CLEARED[@]}"; do
    find "$group" -mindepth 1 -depth -type d -exec rmdir {} \; || true
  done
}

boot=0
while :; do
  boot=$((boot + 1))
  clear_groups
  rm -f again
  printf '%s boot %s\n' "$(date --iso-8601=seconds)" "$boot"
  echo "$boot" >boots
  status=0
  # The host's mounts, interfaces and routes live in namespaces that end with it.
  unshare --mount --net --propagation slave "$SCRIPTS/boot.sh" "$folder" "$$" &
  host=$!
  read -ra stat <"/proc/$host/stat"
  printf '%s %s\n' "$host" "${stat[21]}" >nspawn.pid.partial
  mv nspawn.pid.partial nspawn.pid
  wait "$host" || status=$?
  rm -f nspawn.pid
  ip link del "$CABLE" 2>/dev/null || true
  printf '%s ended with %s\n' "$(date --iso-8601=seconds)" "$status"
  # 133 is how systemd-nspawn says that the host wants to reboot.
  [[ $status == 133 || -e again ]] || break
done
clear_groups
rm -f supervisor.pid
exit "$status"
