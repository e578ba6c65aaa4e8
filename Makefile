# make demo and make test each work as the very first command on a fresh Debian 12 machine.
PRESET ?= release
BUILD := $(if $(filter release,$(PRESET)),build,build/$(PRESET))

# Of make torture: how many kills, the seed of their moments, how often a run is repeated, how many damaged files a kind,
# and on how many call paths an allocation fails, at most, of each command.
KILLS ?= 1000
SEED ?= 1
RUNS ?= 10
DAMAGED ?= 1000
ALLOCATIONS ?= 100000

# Of make fuzz: executions a target, damaged HDF5 files a kind.
EXECUTIONS ?= 1000000
FILES ?= 10000

.PHONY: all deps build demo test results torture fuzz asan tsan valgrind package format tidy clean
all: build

deps:
	@scripts/install-deps

build: deps
	@cmake --preset $(PRESET) --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset $(PRESET)

# RevNet-38 learns ten classes of drawn shapes and textures in under three minutes on two cores. Builds what it needs.
demo: deps
	@cmake --preset $(PRESET) --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset $(PRESET) --target revnet-train
	@scripts/demo $(BUILD)/bin

test: build
	@ctest --preset $(PRESET)

# The tables and figures of experiments/results, from the logs there.
results: build
	@scripts/results.py --report $(BUILD)/bin/revnet-report write

# Damages files, of which no change may go unnoticed. Kills training, evaluation, sweeps and ranks with SIGKILL at random
# moments: after each kill everything is there, and in the end every bit. Repeats a run. Has every allocation fail.
# `make test` does a little of it all.
torture: build
	@for kind in checkpoint run_log study_log packed cifar config; do \
	  $(BUILD)/bin/fuzz_replay whole_$$kind --damaged $(DAMAGED) --findings $(BUILD)/findings || exit 1; done
	@REVNET_TORTURE_KILLS=$(KILLS) REVNET_TORTURE_SEED=$(SEED) REVNET_TORTURE_RUNS=$(RUNS) \
	  REVNET_TORTURE_ALLOCATIONS=$(ALLOCATIONS) $(BUILD)/bin/test_end_to_end \
	  --source-file='*torture_test.cpp,*allocation_test.cpp'

# Every reader of outside bytes is given what it does not expect; a finding is kept in $(BUILD)/fuzz/findings and fails
# the target. `make test` does a little of it. clang and libclang-rt-dev are needed for this alone.
fuzz: build
	@tests/fuzz/fuzz.sh $(BUILD) $(EXECUTIONS) $(FILES)

# All tests under AddressSanitizer and UndefinedBehaviorSanitizer, in build/asan, but for those in Slurm, whose jobs have
# time limits of seconds. The commands have unchecked kernels (lib/CMakeLists.txt), the library's tests checked ones.
asan: deps
	@cmake --preset asan --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset asan
	@ctest --preset asan

# What computes in several threads under ThreadSanitizer, in build/tsan: the kernels and operations, the data, the parts of
# a batch on threads, and a few steps of training.
tsan: deps
	@cmake --preset tsan --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset tsan --target test_tensor test_ops test_simd test_data test_net test_train \
	  revnet-train planted_race
	@tests/sanitizers/tsan.sh build/tsan/bin

# A short training, interrupted and resumed, with each engine, under valgrind (which is needed for this alone).
valgrind: build
	@tests/sanitizers/valgrind.sh $(BUILD)/bin

# revnet_VERSION_amd64.deb in $(BUILD). dpkg-dev and file are needed for this alone.
package: build
	@for tool in dpkg-shlibdeps file; do command -v $$tool >/dev/null || { \
	  echo "make package: $$tool is missing: apt-get install dpkg-dev file" >&2; exit 1; }; done
	@cd $(BUILD) && cpack

format:
	@git ls-files 'apps/*.cpp' 'lib/*.cpp' 'lib/*.h' 'tests/*.cpp' 'tests/*.h' | xargs clang-format -i

tidy: build
	@git ls-files 'apps/*.cpp' 'lib/*.cpp' | xargs -P 2 -n 4 clang-tidy -quiet --extra-arg=-Wno-unknown-warning-option -p $(BUILD)

clean:
	@rm -rf build
