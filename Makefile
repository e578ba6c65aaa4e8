# make demo and make test each work as the very first command on a fresh Debian 12 machine.
PRESET ?= release
BUILD := $(if $(filter release,$(PRESET)),build,build/$(PRESET))

.PHONY: all deps build demo test format tidy clean
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

format:
	@git ls-files 'apps/*.cpp' 'lib/*.cpp' 'lib/*.h' 'tests/*.cpp' 'tests/*.h' | xargs clang-format -i

tidy: build
	@git ls-files 'apps/*.cpp' 'lib/*.cpp' | xargs -P 2 -n 4 clang-tidy -quiet -p $(BUILD)

clean:
	@rm -rf build
