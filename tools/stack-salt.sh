#!/usr/bin/env bash
# The salt of a stack's passphrase, which Pulumi writes into Pulumi.STACK.yaml, is of use to this checkout alone.
#   hide     git looks past that line from now on (a filter in this checkout's own git configuration)
#   settle   git compares the stack files anew: it takes a file whose size has changed for changed, filter or not
#   unhide   git sees it again
#   forget   takes the line out of every stack file in which it is not committed
set -euo pipefail

checkout="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)"
cd "$checkout"
attribute='/Pulumi.*.yaml filter=rktnetes-salt'

if ! git rev-parse --git-dir >/dev/null 2>&1; then
  in_git=no # a source archive: nothing to hide from
else
  in_git=yes
  attributes="$(git rev-parse --git-path info/attributes)"
fi

case "${1:-}" in
hide)
  [[ $in_git == yes ]] || exit 0
  git config filter.rktnetes-salt.clean "sed '/^encryptionsalt:/d'"
  mkdir -p "$(dirname -- "$attributes")"
  grep -qxF "$attribute" "$attributes" 2>/dev/null || printf '%s\n' "$attribute" >>"$attributes"
  ;;
settle)
  [[ $in_git == yes ]] && git config --get filter.rktnetes-salt.clean >/dev/null || exit 0
  while IFS=$' \t' read -r mode object _ file; do
    [[ -f $file && "$(git hash-object --path="$file" -- "$file")" == "$object" ]] || continue
    git update-index --cacheinfo "$mode,$object,$file"
  done < <(git ls-files --stage -- 'Pulumi.*.yaml')
  git update-index -q --refresh >/dev/null || true # exit code 1 tells of other changed files
  ;;
unhide)
  [[ $in_git == yes ]] || exit 0
  if git config --get filter.rktnetes-salt.clean >/dev/null; then
    git config --remove-section filter.rktnetes-salt
  fi
  if [[ -f $attributes ]]; then
    remaining="$(grep -vxF "$attribute" "$attributes" || true)"
    if [[ -n $remaining ]]; then printf '%s\n' "$remaining" >"$attributes"; else rm -f "$attributes"; fi
  fi
  ;;
forget)
  for file in Pulumi.*.yaml; do
    grep -q '^encryptionsalt:' "$file" 2>/dev/null || continue
    if [[ $in_git == yes ]] && git show "HEAD:./$file" 2>/dev/null | grep -q '^encryptionsalt:'; then continue; fi
    sed -i '/^encryptionsalt:/d' "$file"
  done
  ;;
*)
  echo "usage: tools/stack-salt.sh hide | settle | unhide | forget" >&2
  exit 2
  ;;
esac
