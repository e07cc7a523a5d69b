#!/bin/sh
# Looks for every secret that the tests used in everything that they logged and in every error that was answered.
# The tests leave both below target/tmp.
set -eu

folder=${CARGO_TARGET_DIR:-target}/tmp
log=$folder/run.log
secrets=$folder/run.secrets

if [ ! -s "$log" ] || [ ! -s "$secrets" ]; then
  echo "scan-log: the tests left no log or no secrets in $folder" >&2
  exit 1
fi
found=$(grep -c -F -f "$secrets" "$log" || true)
if [ "$found" -ne 0 ]; then
  echo "scan-log: $found lines of the log or of errors hold a secret; the first:" >&2
  grep -F -f "$secrets" "$log" | head -n 3 | cut -c 1-400 >&2
  exit 1
fi
echo "scan-log: no secret of $(wc -l <"$secrets") in $(wc -l <"$log") lines of log and errors"
