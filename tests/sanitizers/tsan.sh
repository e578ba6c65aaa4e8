#!/bin/sh
# tsan.sh BIN runs the multithreaded code under ThreadSanitizer. Exits with 1 if a race was found, or if the planted race
# was not.
set -u
bin=$1
here=$(dirname "$0")
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive TSAN_OPTIONS="halt_on_error=1:suppressions=$here/tsan.supp"
failed=0

"$bin/planted_race" 2>/dev/null
[ $? -eq 66 ] || { # ThreadSanitizer exits with 66; a crash or a missing program does not count as a finding
  echo "make tsan: the planted race was not found" >&2
  failed=1
}
"$bin/planted_race" ordered || failed=1

run() { # test program, options
  echo "$*"
  program=$1
  shift
  "$bin/$program" "$@" || failed=1
}
run test_tensor
run test_layers
run test_ops
run test_onednn
run test_simd
run test_data
run test_net --source-file-exclude='*golden_test.cpp'
run test_train --source-file='*ranks_test.cpp'

# An evaluation with the fused engine would take too long here; test_net runs its training steps.
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
if "$bin/revnet-train" synthetic --arch revnet38 --engine onednn --iterations 3 --batch 4 --threads 2 --run-dir "$runs/run" \
  >"$runs/out" 2>&1; then
  echo "revnet-train: no race"
else
  failed=1
  cat "$runs/out"
fi
exit $failed
