#!/bin/sh
# Runs outside, on the tree that all of critest's images share ($1); $2 is the program of sandboxes.
set -eu
tree=$1
pause=$2

# Only what a spec is about may raise its rights.
find "$tree" -xdev -type f -perm /6000 -exec chmod a-s {} +

cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
echo 'default-user:x:1000:1000::/:/bin/sh' >>"$tree/etc/passwd"
printf 'default-user:x:1000:\ngroup-defined-in-image:x:50000:default-user\n' >>"$tree/etc/group"

# A maintainer script would have made it; nginx is looked for by that path.
rm -rf "$tree/var/run"
ln -s /run "$tree/var/run"

# Hard links: a spec masks /bin/ls, and behind a symbolic link that would be all of busybox. They win over other
# packages' programs, of which only what busybox lacks is wanted (pgrep, ipcs).
chroot "$tree" /usr/bin/busybox --list | while IFS= read -r applet; do
  [ "$applet" = busybox ] || ln -f "$tree/usr/bin/busybox" "$tree/usr/bin/$applet"
done

mkdir -p "$tree/usr/local/bin"
cp "$tree/usr/bin/mawk" "$tree/usr/local/bin/privileged-awk"
chmod 4755 "$tree/usr/local/bin/privileged-awk"
cp "$pause" "$tree/pause"
chmod 755 "$tree/pause"

for port in 80 12003; do
  cat >"$tree/etc/nginx/port-$port.conf" <<CONF
daemon off;
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log stderr notice;
events { worker_connections 128; }
http {
  access_log off;
  client_body_temp_path /tmp/nginx-body;
  proxy_temp_path /tmp/nginx-proxy;
  fastcgi_temp_path /tmp/nginx-fastcgi;
  uwsgi_temp_path /tmp/nginx-uwsgi;
  scgi_temp_path /tmp/nginx-scgi;
  server {
    listen $port default_server;
    location / { return 200 "served\n"; }
  }
}
CONF
done

rm -rf "$tree/etc/apt" "$tree/etc/hostname" "$tree/etc/resolv.conf" "$tree/usr/share/doc" "$tree/usr/share/man" \
  "$tree/usr/share/locale" "$tree/usr/share/info" "$tree/usr/share/lintian" "$tree/usr/share/bash-completion" \
  "$tree/var/lib/apt" "$tree/var/cache/apt" "$tree/var/lib/dpkg" "$tree/var/log/nginx" "${tree:?}/dev" "${tree:?}/boot"
mkdir "$tree/dev"
