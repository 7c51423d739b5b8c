#!/bin/sh
# Runs outside, on the tree of a new image ($1): what maintainer scripts would have set up, and what no
# container reads taken away.
set -eu
tree=$1

cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n' >"$tree/etc/nsswitch.conf"

# Names that busybox adds without hiding what the other packages have.
mkdir -p "$tree/usr/local/bin"
for name in nslookup wget nc vi less ps top; do
  ln -s /usr/bin/busybox "$tree/usr/local/bin/$name"
done

mkdir -p "$tree/usr/share/nginx/html"
printf 'The lab'"'"'s nginx answers.\n' >"$tree/usr/share/nginx/html/index.html"

rm -rf "$tree/etc/apt" "$tree/etc/hostname" "$tree/etc/resolv.conf" "$tree/etc/nginx/sites-enabled" \
  "$tree/etc/nginx/sites-available" "$tree/usr/share/doc" "$tree/usr/share/man" "$tree/usr/share/locale" \
  "$tree/usr/share/info" "$tree/usr/share/lintian" "$tree/usr/share/bash-completion" "$tree/var/lib/apt" \
  "$tree/var/cache/apt" "$tree/var/lib/dpkg" "$tree/var/log/nginx"
rm -rf "${tree:?}/dev" "${tree:?}/boot"
mkdir "$tree/dev"
