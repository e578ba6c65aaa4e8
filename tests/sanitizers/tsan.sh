#!/bin/sh
# The tests that start threads of their own, under ThreadSanitizer: tsan.sh BIN. Ends with 1 when a race was found.
# OpenMP has one thread: its runtime, gcc's libgomp, is not compiled for ThreadSanitizer, which would see none of its
# locks and barriers.
set -u
here=$(dirname "$0")
export OMP_NUM_THREADS=1 TSAN_OPTIONS="halt_on_error=1:suppressions=$here/tsan.supp"
failed=0
for tests in test_tensor:device test_ops:kernel test_net:shared_batch test_train:ranks; do
  echo "${tests%:*}, ${tests#*:}_test.cpp"
  "$1/${tests%:*}" --source-file="*${tests#*:}_test.cpp" || failed=1
done
exit $failed
