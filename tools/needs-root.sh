#!/usr/bin/env bash
# Says at once, and not after a quarter of an hour of compiling, that what was asked for needs root.
#
# usage: tools/needs-root.sh COMMAND [STACK]
#   COMMAND  what the user typed, for the remedy
#   STACK    needs root only if its hosts are lab hosts; without it, it is certain
set -euo pipefail

checkout="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)"
command="$1"
stack="${2:-}"

[[ $(id -u) != 0 ]] || exit 0
if [[ -n $stack ]]; then
  # Without the file, what follows tells that there is none.
  grep -qsE "machine:[[:space:]]*[\"']?(nspawn|kvm)\b" "$checkout/Pulumi.$stack.yaml" || exit 0
  reason="the stack \"$stack\" has lab hosts"
else
  reason="it makes lab hosts"
fi
printf '%s: %s, and they need root: namespaces, interfaces and cgroups of their own\n  remedy:  sudo %s\n' \
  "$command" "$reason" "$command" >&2
exit 1
