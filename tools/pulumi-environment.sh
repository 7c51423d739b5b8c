# shellcheck shell=bash
# Sourced: decides which Pulumi runs in this checkout and exports what it needs. Sets
#   pulumi_command   the executable
#   pulumi_story     one line that says which Pulumi and which providers are in use
#
# An official Pulumi of a sufficient version on PATH is used with its own home and official plugins, and is shown
# nothing of ours but backend and passphrase. Otherwise: the CLI built by tools/build.ts, with a home of its own for
# each checkout. RKTNETES_PULUMI=built asks for the latter in any case.

checkout="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)"
export RKTNETES_CACHE="${RKTNETES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rktnetes}"
oldest_official=3.259.0

pulumi_home="$RKTNETES_CACHE/pulumi/${checkout//\//%}"
own_state="$checkout/.rktnetes"

fail() {
  printf 'pulumi: %s\n  remedy:  %s\n' "$1" "$2" >&2
  exit 1
}

# at_least HAVE WANTED: compares versions of the form 1.2.3.
at_least() {
  local -a have want
  IFS=. read -ra have <<<"${1%%[-+]*}"
  IFS=. read -ra want <<<"$2"
  local place
  for place in 0 1 2; do
    [[ "${have[place]:-0}" =~ ^[0-9]+$ ]] || return 1
    ((${have[place]:-0} > ${want[place]:-0})) && return 0
    ((${have[place]:-0} < ${want[place]:-0})) && return 1
  done
  return 0
}

# The version of an executable, remembered under its path, size and time: asking takes a tenth of a second.
version_of() {
  local executable="$1" memory="$RKTNETES_CACHE/official-pulumi" identity line
  identity="$(stat --dereference --format='%n %s %Y' -- "$executable")"
  if [[ -r $memory ]]; then
    line="$(<"$memory")"
    if [[ ${line%$'\t'*} == "$identity" ]]; then
      printf '%s\n' "${line##*$'\t'}"
      return
    fi
  fi
  local version
  version="$(PULUMI_SKIP_UPDATE_CHECK=true "$executable" version 2>/dev/null)" || version=""
  version="${version#v}"
  mkdir -p "$RKTNETES_CACHE"
  printf '%s\t%s\n' "$identity" "$version" >"$memory.$$" && mv "$memory.$$" "$memory"
  printf '%s\n' "$version"
}

# The first pulumi on PATH that is neither this checkout's (or another's) wrapper nor our own build.
find_official() {
  local folder candidate real
  local -a folders
  IFS=: read -ra folders <<<"$PATH"
  for folder in "${folders[@]}"; do
    candidate="${folder:-.}/pulumi"
    [[ -f $candidate && -x $candidate ]] || continue
    real="$(readlink -f -- "$candidate")"
    [[ $real == "$(readlink -f -- "$RKTNETES_CACHE")"/* ]] && continue
    [[ -e "$(dirname -- "$real")/../tools/pulumi-environment.sh" ]] && continue
    printf '%s\n' "$candidate"
    return
  done
}

find_node() {
  local node="$RKTNETES_CACHE/node/bin/node"
  if [[ ! -x $node ]]; then
    node="$(type -P node)" || fail "no Node.js here" "run make tools"
  fi
  export RKTNETES_NODE="$node"
  export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$RKTNETES_CACHE/node-compile}"
  [[ ":$PATH:" == ":$(dirname -- "$node"):"* ]] || PATH="$(dirname -- "$node"):$PATH"
}

# State and passphrase belong to this checkout, unless the user has chosen others.
provide_state() {
  if [[ -d $own_state && ! -w $own_state ]]; then
    fail "$own_state belongs to $(stat --format=%U -- "$own_state"), who runs this checkout's stacks" \
      "be that user, by sudo for example"
  fi
  if [[ -z ${PULUMI_BACKEND_URL:-} ]]; then
    (umask 077 && mkdir -p "$own_state/state")
    # A file's attributes are written in place: a run that was killed in between left none, and no command could read
    # the state any more. It can do without them.
    find "$own_state/state" -type f -name '*.attrs' -empty -delete
    local path="$own_state/state"
    path="${path//%/%25}" path="${path// /%20}" path="${path//#/%23}" path="${path//\?/%3F}"
    export PULUMI_BACKEND_URL="file://$path"
  fi
  if [[ -z ${PULUMI_CONFIG_PASSPHRASE+set} && -z ${PULUMI_CONFIG_PASSPHRASE_FILE:-} ]]; then
    [[ -s $own_state/passphrase ]] || make_passphrase
    export PULUMI_CONFIG_PASSPHRASE_FILE="$own_state/passphrase"
  fi
  # A stack file without its salt (a fresh checkout of it) still finds the secrets of its state.
  export PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER=true
}

# Pulumi notes the passphrase's salt in Pulumi.STACK.yaml. It is of use to this checkout alone, so git is told to
# look past that line; and a salt that belongs to a passphrase which is gone would only make Pulumi refuse.
make_passphrase() {
  (umask 077 && mkdir -p "$own_state" && head -c 32 /dev/urandom | base64 --wrap=0 >"$own_state/passphrase.$$")
  mv -n "$own_state/passphrase.$$" "$own_state/passphrase"
  rm -f "$own_state/passphrase.$$"
  "$checkout/tools/stack-salt.sh" forget
  "$checkout/tools/stack-salt.sh" hide
}

# After Pulumi has noted a salt: a stack file that is newer than the last look.
settle_salts() {
  local file settled="$own_state/settled"
  for file in "$checkout"/Pulumi.*.yaml; do
    [[ -f $file && $file -nt $settled ]] || continue
    # Should git be at work in the checkout, the next run does it.
    "$checkout/tools/stack-salt.sh" settle 2>/dev/null || return 0
    : >"$settled"
    return
  done
}

# Whether a run was killed while it removed something, and none has succeeded since. Pulumi takes what it was removing
# for whole, so that nothing would mend what is half gone; its note of the removal is lost with the next write of the
# state, so ours stays until the history tells of a success.
removal_was_cut_off() {
  local state="$own_state/state/.pulumi" notes="$own_state/cut-off" file stack note later noted=1
  [[ ${PULUMI_BACKEND_URL:-} == "file://"*"/.rktnetes/state" && -d $state/stacks ]] || return 1
  for file in "$state"/stacks/*/*.json; do
    [[ -f $file ]] || continue
    grep -q '"type":"deleting"' -- "$file" || continue
    stack="${file#"$state/stacks/"}"
    (umask 077 && mkdir -p "$notes/${stack%/*}")
    : >"$notes/$stack"
  done
  for note in "$notes"/*/*.json; do
    [[ -f $note ]] || continue
    stack="${note#"$notes/"}"
    if [[ ! -e $state/stacks/$stack ]]; then
      rm -f "$note"
      continue
    fi
    later="$(find "$state/history/${stack%.json}" -name '*.history.json' -newer "$note" \
      -exec grep -l '"result":"succeeded"' {} + 2>/dev/null)" || true
    if [[ -n $later ]]; then rm -f "$note"; else noted=0; fi
  done
  return "$noted"
}

use_official() {
  pulumi_command="$1"
  # Nothing of ours, should this run have been started from within another that uses the built CLI.
  if [[ ${PULUMI_HOME:-} == "$RKTNETES_CACHE"/* ]]; then
    unset PULUMI_HOME PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION PULUMI_IGNORE_AMBIENT_PLUGINS
  fi
  pulumi_story="pulumi v$2 ($1), an official installation with official plugins"
}

use_built() {
  local built
  built="$(readlink -e -- "$RKTNETES_CACHE/bin/pulumi")" ||
    fail "no pulumi of version $oldest_official or newer on PATH, and none is built yet" "run make tools"
  provide_home "$built"
  # shellcheck disable=SC2034 # for whoever sources this
  pulumi_command="$pulumi_home/bin/pulumi"
  export PULUMI_HOME="$pulumi_home"
  export PULUMI_SKIP_UPDATE_CHECK=true
  export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
  export PULUMI_IGNORE_AMBIENT_PLUGINS="${PULUMI_IGNORE_AMBIENT_PLUGINS:-true}"
  pulumi_story="pulumi built from its Go module; kubernetes and command by this project's offline providers"
}

# The built CLI finds the language host beside itself, and the offline providers as plugins of its home.
provide_home() {
  local built="$1" stamp="$pulumi_home/stamp" content
  content="$built $(stat --format='%Y' -- "$checkout/package-lock.json" "${BASH_SOURCE[0]}" | tr '\n' ' ')"
  [[ -r $stamp && "$(<"$stamp")" == "$content" && $pulumi_home/bin/pulumi -ef $built ]] && return
  mkdir -p "$pulumi_home/bin"
  # A hard link: the CLI looks beside the file that it was started as, links followed.
  [[ $pulumi_home/bin/pulumi -ef $built ]] || ln -f -- "$built" "$pulumi_home/bin/pulumi"
  link_program "$checkout/tools/language-host/pulumi-language-nodejs" "$pulumi_home/bin"
  link_program "$checkout/node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs" "$pulumi_home/bin"
  local provider version
  for provider in kubernetes command; do
    version="$(sed -n '/"version":/{s/.*: *"\([^"]*\)".*/\1/p;q}' "$checkout/node_modules/@pulumi/$provider/package.json")"
    [[ -n $version ]] || fail "the npm package @pulumi/$provider is not installed" "run make tools"
    rm -rf -- "$pulumi_home/plugins/resource-$provider"-v*
    mkdir -p "$pulumi_home/plugins/resource-$provider-v${version#v}"
    link_program "$checkout/tools/providers/$provider/pulumi-resource-$provider" \
      "$pulumi_home/plugins/resource-$provider-v${version#v}"
  done
  printf '%s\n' "$content" >"$stamp.$$" && mv "$stamp.$$" "$stamp"
}

link_program() {
  [[ -x $1 ]] || fail "$1 is not there" "run make tools"
  ln -sfn -- "$1" "$2/"
}

choose_pulumi() {
  local official="" version=""
  [[ ${RKTNETES_PULUMI:-} == built ]] || official="$(find_official)"
  if [[ -n $official ]]; then
    version="$(version_of "$official")"
    if at_least "$version" "$oldest_official"; then
      use_official "$official" "$version"
      return
    fi
  fi
  use_built
  if [[ -n $official ]]; then
    pulumi_story+=" (the one at $official is ${version:-of no known version}, older than $oldest_official)"
  fi
}

find_node
provide_state
choose_pulumi
