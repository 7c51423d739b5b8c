#!/bin/sh
# Runs inside a new base tree: turns Debian's minimal system into a plain server of nobody's yet.
set -eu
export DEBIAN_FRONTEND=noninteractive

update-ca-certificates >/dev/null 2>&1

# The administrator who is not root. Debian has a group of that name already.
useradd --create-home --shell /bin/bash --uid 1000 --gid operator operator
printf 'operator ALL=(ALL:ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/operator
chmod 0440 /etc/sudoers.d/operator

# Each host has its own of these.
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id /etc/hostname /etc/resolv.conf
: >/etc/machine-id

# There is no console to sit at, and nothing may change packages behind an administrator's back.
systemctl mask --quiet console-getty.service apt-daily.timer apt-daily-upgrade.timer \
  systemd-networkd-wait-online.service
systemctl enable --quiet systemd-networkd.service ssh.service

# Tells whoever started the host that it is up.
cat >/etc/systemd/system/lab-ready.service <<'UNIT'
[Unit]
Description=Tell the lab that this host is up
After=multi-user.target ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/touch /run/lab-ready
# A virtual machine's /run is out of sight; its serial line is not.
ExecStart=-/bin/sh -c 'test ! -c /dev/ttyS0 || echo "lab: this host is up" >/dev/ttyS0'

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --quiet lab-ready.service

# Caches of linker and journal are as new as the packages: no first boot makes them again.
ldconfig
journalctl --update-catalog
touch /etc/.updated /var/.updated
