# make demo and make test each work as the very first command on a fresh Debian 12 machine.
PRESET ?= release
BUILD := $(if $(filter release,$(PRESET)),build,build/$(PRESET))

# Of make torture: how many times a training run is killed, the seed of the moments, and how often a run is repeated.
KILLS ?= 200
SEED ?= 1
RUNS ?= 10

.PHONY: all deps build demo test torture package format tidy clean
all: build

deps:
	@scripts/install-deps

build: deps
	@cmake --preset $(PRESET) --log-level=WARNING $(CMAKE_FLAGS)
	@cmake --build --preset $(PRESET)

# RevNet-38 learns ten classes of drawn shapes and textures in under three minutes on two cores.
demo: build
	@scripts/demo $(BUILD)/bin

test: build
	@ctest --preset $(PRESET)

# Kills runs with SIGKILL at random moments: after each kill everything is there, and in the end every bit. Then repeats
# a run. `make test` does a little of both.
torture: build
	@REVNET_TORTURE_KILLS=$(KILLS) REVNET_TORTURE_SEED=$(SEED) REVNET_TORTURE_RUNS=$(RUNS) \
	  $(BUILD)/bin/test_end_to_end --source-file='*torture_test.cpp'

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
