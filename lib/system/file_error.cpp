#include "system/file_error.h"

#include "base/utf8.h"

namespace revnet {

FileError damage_error(const std::filesystem::path& path, const std::string& what) {
  return {FileError::Kind::damaged, "{} is damaged: {}; restore it from a copy or make it anew",
          path.string(), one_line(what)};
}

}  // namespace revnet
