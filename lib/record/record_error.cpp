#include "record/record_error.h"

#include "base/utf8.h"

namespace revnet {

RecordError damage_error(const std::filesystem::path& path, const std::string& what) {
  return {RecordError::Kind::damaged, "{} is damaged: {}; restore it from a copy or make it anew",
          path.string(), one_line(what)};
}

}  // namespace revnet
