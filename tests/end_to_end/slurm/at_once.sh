#!/bin/sh
# at_once.sh TEST_SLURM: its cases all at once, since they mostly wait for Slurm, and what those say that fail.
# Exit codes: 0 passed, 77 skipped, others failed.
"$1" --test-case=none --no-intro --minimal || exit
names=$("$1" --list-test-cases | grep -v -e '^\[doctest\]' -e '^===')
[ -n "$names" ] || { echo "no cases are listed"; exit 1; }
echo "$names" | tr '\n' '\0' | xargs -0 -P 16 -I '{}' sh -c '
  start=$(date +%s)
  # A comma would divide two names.
  said=$("$0" --test-case="$(echo "$1" | sed "s/,/\\\\,/g")" 2>&1)
  code=$?
  # An unknown name would pass as well.
  echo "$said" | grep -q "test cases: *1 |" || code=1
  [ $code -eq 0 ] && echo "passed in $(($(date +%s) - start)) s: $1" || { echo "$said"; echo "failed: $1"; exit 1; }' "$1" '{}'
