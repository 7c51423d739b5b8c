/**
 * One writer per host. The first driver of a provider process takes the lock alone, writes its token beside
 * it and then shares it with its own kind; a second provider waits. Every step inherits the open lock, so
 * even a step whose driver is gone still keeps the next writer out until it has ended.
 */
import { sh } from "./quote.ts";

export const LOCK_PATH = "/run/lock/rktnetes.lock";

/** Exit code with which the script says that somebody else holds the lock. */
export const HELD = 75;

/**
 * Takes the lock in the driver's own shell, on file descriptor 9. `FRESH` on stdout means that nobody of
 * this provider held it before; exit code HELD prints who has it.
 */
export function lockScript(token: string, holder: string, waitSeconds: number): string {
  return sh`rktnetes_lock() {
  local lock=${LOCK_PATH} token=${token} holder=${holder} wait=${waitSeconds} fresh="" i first
  for i in 1 2 3 4 5; do
    if [ -e "$lock" ] && [ ! -O "$lock" ]; then rm -f -- "$lock"; fi
    umask 077; exec 9<>"$lock" || { umask 022; return 1; }; umask 022
    if ! flock -s -n 9; then
      flock -x -w "$wait" 9 || { tail -n +2 "$lock"; exec 9>&-; return ${HELD}; }
    fi
    if [ ! /proc/self/fd/9 -ef "$lock" ]; then exec 9>&-; continue; fi
    first=$(head -n 1 "$lock")
    if [ "$first" = "$token" ]; then flock -s 9; printf '%s\\n' "$fresh"; return 0; fi
    flock -u 9
    if ! flock -x -w "$wait" 9; then tail -n +2 "$lock"; exec 9>&-; return ${HELD}; fi
    if [ ! /proc/self/fd/9 -ef "$lock" ]; then exec 9>&-; continue; fi
    printf '%s\\n%s\\n' "$token" "$holder" >"$lock"
    rm -rf -- /var/lib/rktnetes/blobs/.new-* /var/lib/rktnetes/blobs/.in-*
    fresh=FRESH
    flock -s 9
    if [ "$(head -n 1 "$lock")" = "$token" ]; then printf '%s\\n' "$fresh"; return 0; fi
    exec 9>&-
  done
  tail -n +2 "$lock"
  return ${HELD}
}
rktnetes_lock`;
}
