// Where this program and its scripts are. Apart from the rest of host.h, so that what only names a script in
// a message needs no OpenMP.
#include "base/error.h"
#include "system/host.h"

namespace revnet {

std::filesystem::path program_path() {
  std::error_code error;
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw Error("cannot find this program in /proc/self/exe: " + error.message());
  return program;
}

std::filesystem::path find_script(const std::filesystem::path& program, const char* name) {
  for (std::filesystem::path folder = program.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    for (const char* place : {"share/revnet", "scripts"}) {
      const std::filesystem::path script = folder / place / name;
      std::error_code none;
      if (!std::filesystem::exists(script, none)) continue;
      const std::filesystem::path near = std::filesystem::proximate(script, none);
      return none || *near.begin() == ".." ? script : near;
    }
  }
  return name;
}

}  // namespace revnet
