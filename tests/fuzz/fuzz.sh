#!/bin/sh
# fuzz.sh BUILD EXECUTIONS FILES fuzzes every reader of outside bytes. Run it in the root of the sources.
# - Readers of CIFAR files, JPEG images, experiment files, sweeps and Slurm's output: EXECUTIONS each, by libFuzzer under
#   AddressSanitizer and UndefinedBehaviorSanitizer, in BUILD/fuzz. Only these need clang and libclang-rt-dev.
# - Readers of checkpoints, run logs and studies' logs: FILES damaged files each, by BUILD/bin/fuzz_replay.
# Exits with 1 if there was a finding, whose input is kept in BUILD/fuzz/findings.
set -u
build=$1 executions=$2 files=$3
here=$(dirname "$0")
fuzz=$build/fuzz
findings=$fuzz/findings
command -v clang++ >/dev/null || {
  echo "make fuzz: clang++ is missing: apt-get install clang libclang-rt-dev" >&2
  exit 1
}
cmake -S "$here" -B "$fuzz" -G Ninja --log-level=WARNING -DCMAKE_CXX_COMPILER=clang++ && cmake --build "$fuzz" || exit 1
mkdir -p "$findings"
failed=0

# yaml-cpp is not instrumented, so the sanitizer cannot know which spare capacity of its containers is in use.
export ASAN_OPTIONS=detect_container_overflow=0:quarantine_size_mb=64
for target in slurm cifar jpeg config sweep; do
  mkdir -p "$fuzz/corpus/$target"
  case $target in
    config | sweep) options="-dict=$here/yaml.dict -max_len=768" ;;
    cifar) options=-max_len=256 ;;
    jpeg) options=-max_len=2048 ;;
    *) options=-max_len=512 ;;
  esac
  # shellcheck disable=SC2086  # several options
  if "$fuzz/fuzz_$target" -runs="$executions" -timeout=60 -malloc_limit_mb=256 -rss_limit_mb=2048 -seed="${SEED:-1}" $options \
    -print_final_stats=1 -artifact_prefix="$findings/$target-" "$fuzz/corpus/$target" "$here/seeds/$target" \
    >"$fuzz/$target.log" 2>&1; then
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: //p' "$fuzz/$target.log") executions in" \
      "$(sed -n 's/^Done .* in \([0-9]*\) second.*/\1/p' "$fuzz/$target.log") seconds: no findings"
  else
    failed=1
    echo "$target: FINDING, see $fuzz/$target.log:"
    grep -E 'finding:|ERROR|runtime error|SUMMARY|Test unit written' "$fuzz/$target.log"
  fi
done
for target in checkpoint run_log study_log; do
  "$build/bin/fuzz_replay" "$target" --damaged "$files" --findings "$findings" || failed=1
done
exit $failed
