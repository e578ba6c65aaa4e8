#!/bin/sh
# at_once.sh TEST_SLURM runs all cases at once, since they mostly wait for Slurm, and prints the output of those that
# fail. Its exit code is 0 if all passed, 77 if they were skipped, and another if one failed.
"$1" --test-case=none --no-intro --minimal || exit
names=$("$1" --list-test-cases | grep -v -e '^\[doctest\]' -e '^===')
[ -n "$names" ] || { echo "no cases are listed"; exit 1; }
echo "$names" | tr '\n' '\0' | xargs -0 -P 16 -I '{}' sh -c '
  start=$(date +%s)
  # Escapes commas, which separate names.
  said=$("$0" --test-case="$(echo "$1" | sed "s/,/\\\\,/g")" 2>&1)
  code=$?
  # doctest exits with 0 if no case has the name, so exactly one must have run.
  echo "$said" | grep -q "test cases: *1 |" || code=1
  [ $code -eq 0 ] && echo "passed in $(($(date +%s) - start)) s: $1" || { echo "$said"; echo "failed: $1"; exit 1; }' "$1" '{}'
