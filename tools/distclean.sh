#!/usr/bin/env bash
# Undoes tools/bootstrap.sh and tools/build.ts: the checkout's generated folders, the packages that were installed for
# the project, and the cache. Refuses while a stack or a lab is still there.
#
# usage: tools/distclean.sh [--dry-run]
set -euo pipefail

checkout="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)"
export RKTNETES_CACHE="${RKTNETES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rktnetes}"

# shellcheck source=tools/apt-packages.sh
. "$checkout/tools/apt-packages.sh"

say() { printf '%s\n' "$*"; }

fail() {
  printf 'distclean: %s\n  remedy:  %s\n' "$1" "$2" >&2
  exit 1
}

main() {
  local dry_run=no
  case "${1:-}" in
  '') ;;
  --dry-run) dry_run=yes ;;
  *) fail "unknown word: $1" "use: tools/distclean.sh [--dry-run]" ;;
  esac
  cd / # so that nothing we remove is where we stand
  refuse_while_in_use
  if [[ $dry_run == yes ]]; then
    say "would remove: $(list_all)"
    return
  fi
  clean_checkout
  remove_packages
  remove_cache
}

list_all() {
  local folder
  for folder in node_modules build .rktnetes; do
    [[ ! -e $checkout/$folder ]] || printf '%s ' "$checkout/$folder"
  done
  [[ ! -f $package_record ]] || printf 'packages: %s; ' "$(tr '\n' ' ' <"$package_record")"
  [[ ! -d $RKTNETES_CACHE ]] || printf '%s' "$RKTNETES_CACHE"
}

refuse_while_in_use() {
  local stack
  for stack in "$checkout"/.rktnetes/state/.pulumi/stacks/*/*.json; do
    [[ -e $stack ]] || continue
    stack="${stack##*/}"
    fail "the stack \"${stack%.json}\" is still there" "run make down STACK=${stack%.json} first"
  done
  [[ -d $RKTNETES_CACHE ]] || return 0
  local mounted root
  root="$(readlink -f -- "$RKTNETES_CACHE")"
  mounted="$(awk -v root="$root/" 'index($5 "/", root) == 1 { print $5 }' /proc/self/mountinfo)"
  [[ -z $mounted ]] || fail "something is mounted in the cache: ${mounted//$'\n'/ }" "run make down for the stack it belongs to"
}

clean_checkout() {
  "$checkout/tools/stack-salt.sh" forget
  "$checkout/tools/stack-salt.sh" unhide
  rm -rf -- "$checkout/node_modules" "$checkout/build" "$checkout/.rktnetes"
  say "removed from the checkout: node_modules, build, .rktnetes"
}

# Exactly what was recorded: dpkg takes nothing else along, and leaves what another package has come to need.
remove_packages() {
  [[ -d $RKTNETES_CACHE ]] || return 0
  record_packages
  [[ -s $package_record ]] || return 0
  local -a recorded present left
  mapfile -t recorded <"$package_record"
  mapfile -t present < <(installed_packages | LC_ALL=C comm -12 - "$package_record")
  if ((${#present[@]} > 0)); then
    say "removing ${#present[@]} packages that were installed for this project (of ${#recorded[@]} recorded)"
    as_root dpkg --purge "${present[@]}" >"$RKTNETES_CACHE/dpkg.log" 2>&1 || true # judged by what is left
    mapfile -t left < <(installed_packages | LC_ALL=C comm -12 - "$package_record")
    if ((${#left[@]} > 0)); then
      say "left, since other packages need them by now: ${left[*]}"
      grep -E 'depends on|dependency problems' "$RKTNETES_CACHE/dpkg.log" >&2 || tail -n 20 "$RKTNETES_CACHE/dpkg.log" >&2
    fi
  fi
  if [[ -e $RKTNETES_CACHE/apt-lists-were-absent ]]; then
    as_root find /var/lib/apt/lists -mindepth 1 -not -name lock -not -name partial -delete
    as_root rm -f /var/cache/apt/pkgcache.bin /var/cache/apt/srcpkgcache.bin
  fi
}

remove_cache() {
  [[ -d $RKTNETES_CACHE ]] || return 0
  if [[ ! -e $RKTNETES_CACHE/.rktnetes-cache ]]; then
    say "left: $RKTNETES_CACHE, which does not bear the mark of this project's cache"
    return
  fi
  local -a absent_before=()
  if [[ -f $RKTNETES_CACHE/folders-were-absent ]]; then
    mapfile -t absent_before < <(sort -u "$RKTNETES_CACHE/folders-were-absent")
  fi
  # What lab hosts wrote there belongs to root.
  rm -rf --one-file-system -- "$RKTNETES_CACHE" 2>/dev/null || as_root rm -rf --one-file-system -- "$RKTNETES_CACHE"
  say "removed the cache: $RKTNETES_CACHE"
  local folder
  for folder in "${absent_before[@]}"; do
    [[ ! -d $folder ]] || as_root rmdir --ignore-fail-on-non-empty -- "$folder"
  done
}

main "$@"
