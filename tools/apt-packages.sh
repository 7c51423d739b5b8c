# shellcheck shell=bash
# Sourced: Debian packages that are missing, installed on record, so that make distclean can take exactly these away.
# The record lists what an installation added to the machine, dependencies included; what was there is never in it.

package_record="$RKTNETES_CACHE/installed-packages"
packages_before="$RKTNETES_CACHE/packages-before"

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif type -P sudo >/dev/null; then
    sudo -- "$@"
  else
    printf 'bootstrap: root is needed for: %s\n  remedy:  run it as root, or install sudo\n' "$*" >&2
    return 1
  fi
}

# A service that a package starts must not inherit the lock of this run, or it would hold it for good.
without_lock() {
  if [[ -n ${lock_handle:-} ]]; then
    "$@" {lock_handle}>&-
  else
    "$@"
  fi
}

installed_packages() {
  dpkg-query --show --showformat '${db:Status-Status} ${binary:Package}\n' | sed -n 's/^installed //p' | LC_ALL=C sort
}

# Folders that were not there before us are removed again if nobody has put anything into them.
note_absent_folder() {
  [[ -e $1 ]] || printf '%s\n' "$1" >>"$RKTNETES_CACHE/folders-were-absent"
}

# Adds to the record what is installed now and was not before. Also mends a record that a killed run left open.
record_packages() {
  [[ -f $packages_before ]] || return 0
  {
    [[ ! -f $package_record ]] || cat "$package_record"
    installed_packages | LC_ALL=C comm -13 "$packages_before" -
  } | LC_ALL=C sort -u >"$package_record.$$"
  mv "$package_record.$$" "$package_record"
  rm "$packages_before"
}

# The old state is written first: whatever ends this run, the next one completes the record.
open_record() {
  record_packages
  # Made by systemd-container and by systemd's tmpfiles, and left when they are purged.
  note_absent_folder /var/lib/machines
  ((EUID != 0)) || note_absent_folder /root/.ssh
  installed_packages >"$packages_before.$$"
  mv "$packages_before.$$" "$packages_before"
}

apt_get() {
  # Archives of packages are of no use once unpacked; a lock held by another apt is waited for.
  without_lock as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 \
    -o APT::Keep-Downloaded-Packages=false -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

lists_are_there() {
  compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null
}

# install_packages NAME…: by apt, on record.
install_packages() {
  local log="$RKTNETES_CACHE/apt.log"
  open_record
  if ! lists_are_there; then
    : >"$RKTNETES_CACHE/apt-lists-were-absent"
    apt_get update >"$log" 2>&1 || apt_failed "$log" "fetch the lists of packages"
  fi
  # Old lists name files that the archive no longer has: then they are fetched once, and it is tried again.
  if ! apt_get install --yes --no-install-recommends "$@" >"$log" 2>&1; then
    apt_get update >"$log" 2>&1 || apt_failed "$log" "fetch the lists of packages"
    apt_get install --yes --no-install-recommends "$@" >"$log" 2>&1 || apt_failed "$log" "install $*"
  fi
  record_packages
}

apt_failed() {
  tail -n 20 "$1" >&2
  printf 'bootstrap: apt could not %s\n  remedy:  see above, then run it again\n' "$2" >&2
  exit 1
}
