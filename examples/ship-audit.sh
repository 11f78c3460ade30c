#!/bin/sh
# Ships an audit to another machine, where users of this one cannot change it. After an outage it continues where the
# other machine stopped, because the relay always writes to its own disk first.
#
#   mini-serv --audit audit.json --audit-format json 4242 > /dev/null &
#   examples/ship-audit.sh audit.json audit@elsewhere [file on the other machine]
#
# $SSH is used instead of ssh, and $RETRY_SECONDS is the pause after an outage. The local file must not be rotated while
# it is being shipped.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 <audit> <host> [file]" >&2; exit 2; }
audit=$1
host=$2
copy=${3:-$(basename "$audit")}

# A connection that outlives the script would send all lines twice after its next start.
trap 'kill "${!:-}" 2> /dev/null || :; exit' HUP INT TERM

while :; do
  # The size of the copy is the position at which to continue.
  if size=$(${SSH:-ssh} "$host" "cat -- '$copy' 2> /dev/null | wc -c"); then
    tail -c "+$((size + 1))" -f "$audit" | ${SSH:-ssh} "$host" "cat >> '$copy'" &
    wait "$!" || true
  fi
  echo "ship-audit: not connected to $host; trying again" >&2
  sleep "${RETRY_SECONDS:-5}"
done
