#!/bin/sh
# valgrind.sh BIN runs a short training with each engine under valgrind. After 90 seconds each is interrupted, saves its
# checkpoint, and is resumed for as long again. Exits with 1 if memory was read before it was written, used after it was
# freed, or lost, or if a run did not exit with 3 (interrupted, checkpoint saved).
set -u
bin=$1
command -v valgrind >/dev/null || {
  echo "make valgrind: valgrind is missing: apt-get install valgrind" >&2
  exit 1
}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
failed=0
for engine in fused onednn; do
  for resume in "" --resume; do
    # shellcheck disable=SC2086  # $resume is zero words or one
    timeout --preserve-status --signal=INT 90 valgrind --error-exitcode=1 --leak-check=full \
      --errors-for-leak-kinds=definite --suppressions="$(dirname "$0")/valgrind.supp" --log-file="$runs/valgrind" \
      "$bin/revnet-train" synthetic --arch revnet38 --set "network.engine=$engine" --batch 2 --threads 1 \
      --run-dir "$runs/$engine" $resume >"$runs/out" 2>&1
    code=$?
    echo "engine $engine $resume: exit code $code, $(grep -c . "$runs/out") lines," \
      "$(sed -n 's/.*ERROR SUMMARY: \(.*\)/\1/p' "$runs/valgrind")"
    [ "$code" -eq 3 ] && continue
    failed=1
    cat "$runs/valgrind"
    tail -3 "$runs/out"
  done
done
exit $failed
