# `make demo` and `make test` both work as the first command on a fresh Debian 12 machine.

# For `make torture`: the number of kills, the seed of their random moments, the number of repetitions of a run, of damaged
# files of each kind, and of the call paths, at most, on which an allocation of a command fails.
KILLS ?= 1000
SEED ?= 1
RUNS ?= 10
DAMAGED ?= 1000
ALLOCATIONS ?= 100000

# For `make fuzz`: executions per target, and damaged HDF5 files per kind of file.
EXECUTIONS ?= 1000000
FILES ?= 10000

# Two goals at once would build in one folder; Ninja uses all cores anyway.
.NOTPARALLEL:
.PHONY: all deps build demo test results torture fuzz asan tsan valgrind package format tidy clean
all: build

deps:
	@scripts/install-deps

build: deps
	@cmake --preset release --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset release

# Builds revnet-train, and trains RevNet-38 on ten classes of drawn shapes.
demo: deps
	@cmake --preset release --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset release --target revnet-train
	@scripts/demo build/bin

test: build
	@ctest --preset release

# Makes the tables and figures of experiments/results from the logs there.
results: deps
	@cmake --preset release --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset release --target revnet-report
	@scripts/results.py --report build/bin/revnet-report write

# Damages files: every change must be detected. Kills trainings, evaluations, sweeps and ranks with SIGKILL at random
# moments: they must lose no file, and end with the same bits as undisturbed ones. Then repeats a run, and makes allocations
# fail, one at a time. `make test` does a little of all this.
torture: build
	@for kind in checkpoint run_log study_log packed cifar config; do \
	  build/bin/fuzz_replay whole_$$kind --damaged $(DAMAGED) --findings build/findings || exit 1; done
	@REVNET_TORTURE_KILLS=$(KILLS) REVNET_TORTURE_SEED=$(SEED) REVNET_TORTURE_RUNS=$(RUNS) \
	  REVNET_TORTURE_ALLOCATIONS=$(ALLOCATIONS) build/bin/test_end_to_end \
	  --source-file='*torture_test.cpp,*allocation_test.cpp'

# Fuzzes every parser. A finding is kept in build/fuzz/findings and fails the target. `make test` does a little of
# this. Only this target needs clang and libclang-rt-dev.
fuzz: build
	@tests/fuzz/fuzz.sh build $(EXECUTIONS) $(FILES)

# Runs all tests under AddressSanitizer and UndefinedBehaviorSanitizer, in build/asan, except those in Slurm, whose jobs
# have time limits of seconds. The commands use unchecked kernels (lib/CMakeLists.txt), the library's tests checked ones.
asan: deps
	@cmake --preset asan --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset asan
	@ctest --preset asan

# Runs the multithreaded code under ThreadSanitizer, in build/tsan: kernels and operations, data, shards of a batch on
# threads, and a few steps of training.
tsan: deps
	@cmake --preset tsan --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset tsan --target test_tensor test_layers test_ops test_onednn test_simd test_data \
	  test_net test_train revnet-train planted_race
	@tests/sanitizers/tsan.sh build/tsan/bin

# Interrupts and resumes a short training with each engine under valgrind, which only this target needs.
valgrind: build
	@tests/sanitizers/valgrind.sh build/bin

# Makes revnet_VERSION_amd64.deb in build. Only this target needs dpkg-dev and file.
package: build
	@for tool in dpkg-shlibdeps file; do command -v $$tool >/dev/null || { \
	  echo "make package: $$tool is missing: apt-get install dpkg-dev file" >&2; exit 1; }; done
	@cd build && cpack

format:
	@git ls-files 'apps/*.cpp' 'apps/*.h' 'lib/*.cpp' 'lib/*.h' 'tests/*.cpp' 'tests/*.h' | xargs clang-format -i

# The debug preset says how to compile each file alone.
tidy: deps
	@cmake --preset debug --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset debug --target revnet_revision
	@git ls-files 'apps/*.cpp' 'lib/*.cpp' | xargs -P 2 -n 4 clang-tidy -quiet --extra-arg=-Wno-unknown-warning-option -p build/debug

clean:
	@rm -rf build
