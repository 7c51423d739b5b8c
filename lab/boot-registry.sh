#!/bin/bash
# The registry of a lab network: becomes Debian's docker-registry. Started by supervise.sh.
# Usage: boot-registry.sh FOLDER
set -euo pipefail
folder=$1
# shellcheck source=/dev/null
. "$folder/supervise.conf"
exec "$PROGRAM" serve "$folder/config.yml" >>"$folder/console.log" 2>&1
