#include "record/format_version.h"

namespace revnet {

void check_format_version(const hdf5::Reader& file, std::int64_t known) {
  const std::int64_t version = file.integer_attribute("/", format_version_name);
  if (version > known) {
    throw FileError(FileError::Kind::newer_format,
                    "{} has format version {}, newer than this program's {}; use a newer revnet",
                    file.path().string(), version, known);
  }
  if (version < 1) file.fail("format version {} never existed", version);
}

void check_kind(const hdf5::Reader& file, const std::string& attribute, const std::string& what,
                const std::string& name) {
  if (file.has_attribute("/", attribute)) return;
  throw FileError(FileError::Kind::damaged, "{} holds no {}; name {}", file.path().string(), what, name);
}

}  // namespace revnet
