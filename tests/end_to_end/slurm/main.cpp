// If Slurm is not installed, its tests exit with the code that ctest takes for skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <string_view>

#include <doctest/doctest.h>

#include "system/process.h"

namespace {

constexpr int skipped = 77;  // SKIP_RETURN_CODE in tests/CMakeLists.txt

bool is_installed() {
  const std::string path = std::string(std::getenv("PATH")) + ":/usr/sbin:/sbin";  // as scripts/slurm-sandbox
  ::setenv("PATH", path.c_str(), 1);
  for (const char* program : {"sbatch", "srun", "slurmctld", "slurmd", "munged"}) {
    if (!revnet::has_program(program)) {
      std::printf("skipped: %s is not installed (packages slurm-wlm and munge)\n", program);
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  bool lists = false;
  for (int i = 1; i < argc; ++i) lists = lists || std::string_view(argv[i]).starts_with("--list");
  return lists || is_installed() ? context.run() : skipped;
}
