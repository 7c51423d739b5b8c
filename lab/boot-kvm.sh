#!/bin/bash
# One power-on of a virtual machine: becomes QEMU. A reboot of the guest happens inside. Started by supervise.sh.
# Usage: boot-kvm.sh FOLDER
set -euo pipefail
folder=$1
# shellcheck source=/dev/null
. "$folder/supervise.conf"

ip link del "$CABLE" 2>/dev/null || true
ip tuntap add dev "$CABLE" mode tap
ip link set "$CABLE" mtu "$MTU" master "$BRIDGE" addrgenmode none up

: >"$folder/console.log"
# cache=unsafe: what the guest has flushed is safe from the end of QEMU, and nothing here outlives the machine.
exec qemu-system-x86_64 "${ACCELERATION[@]}" -smp "$CPUS" -m "$MEMORY" -nodefaults -display none \
  -name "$HOSTNAME_INSIDE" -kernel "$KERNEL" -initrd "$RAMDISK" \
  -append "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=yes net.ifnames=0" \
  -drive "file=$folder/disk.ext4,format=raw,if=none,id=root,cache=unsafe,discard=unmap" \
  -device virtio-blk-pci,drive=root \
  -netdev "tap,id=net,ifname=$CABLE,script=no,downscript=no" \
  -device "virtio-net-pci,netdev=net,mac=$MAC,romfile=" \
  -device virtio-rng-pci -serial "file:$folder/console.log"
