#include "record/record_error.h"

#include "base/utf8.h"

namespace revnet {

RecordError damage_error(const std::filesystem::path& path, const std::string& what) {
  return {RecordError::Kind::damaged, path.string() + " is damaged: " + one_line(what) +
                                          "; restore it from a copy or start the run anew"};
}

}  // namespace revnet
