#include "record/format_version.h"

namespace revnet {

void check_format_version(const hdf5::Reader& file, std::int64_t known) {
  const std::int64_t version = file.integer_attribute("/", format_version_name);
  if (version > known) {
    throw RecordError(RecordError::Kind::newer_format,
                      file.path().string() + " has format version " + std::to_string(version) +
                          ", newer than this program's " + std::to_string(known) + "; use a newer revnet");
  }
  if (version < 1) file.fail("format version " + std::to_string(version) + " never existed");
}

}  // namespace revnet
