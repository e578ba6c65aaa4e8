#!/bin/sh
# Each outside library stays in its own folder. (Which folder of lib/ may include which is enforced by the build.)
# Python code has no undefined or unused names, also where no test runs it.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
check() { # header pattern, folders allowed (a grep pattern), what to say
  found=$(grep -rnE "#include [<\"]$1" apps lib | grep -vE "^($2)")
  if [ -n "$found" ]; then
    printf '%s\n%s\n' "$3" "$found"
    failed=1
  fi
}
check 'dnnl' 'lib/tensor/|lib/ops/|lib/onednn/' 'oneDNN belongs in lib/tensor, lib/ops and lib/onednn:'
check 'tensor/(onednn|primitive)' 'lib/tensor/|lib/ops/.*cpp|lib/onednn/' 'oneDNN belongs in lib/tensor, lib/ops and lib/onednn:'
found=$(grep -rlE 'dnnl|DNNL' apps lib --include=*.cpp --include=*.h | grep -vE '^lib/(tensor|ops|onednn)/')
if [ -n "$found" ]; then
  printf 'oneDNN is named outside of lib/tensor, lib/ops and lib/onednn:\n%s\n' "$found"
  failed=1
fi
found=$(grep -rn 'DNNL_VERSION' apps lib | grep -v '^lib/tensor/onednn.h')
if [ -n "$found" ]; then
  printf 'What differs between versions of oneDNN belongs in lib/tensor/onednn.h:\n%s\n' "$found"
  failed=1
fi
check 'hdf5' 'lib/record/' 'HDF5 belongs in lib/record:'
check '(jpeglib|jerror)' 'lib/data/jpeg' 'libjpeg belongs in lib/data/jpeg:'
check 'png' 'lib/data/png' 'libpng belongs in lib/data/png:'
check 'zlib' 'lib/base/crc32' 'zlib belongs in lib/base/crc32:'
check 'yaml-cpp' 'lib/settings/' 'yaml-cpp belongs in lib/settings:'
check 'CLI/' 'apps/' 'CLI11 belongs in apps:'
check 'spdlog' 'lib/run/reporter' 'spdlog belongs in lib/run/reporter:'
check 'mpi' 'lib/ranks/communicator' 'MPI belongs in lib/ranks/communicator:'
check 'hwy' 'lib/fused/simd/' 'Highway belongs in lib/fused/simd:'
check 'Random123' 'lib/base/random' 'Random123 belongs in lib/base/random:'
pyflakes3 scripts/*.py tests/*/*.py || failed=1
exit $failed
