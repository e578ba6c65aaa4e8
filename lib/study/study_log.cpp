#include "study/study_log.h"

#include <cerrno>

#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/version.h"
#include "record/format_version.h"
#include "record/read_apart.h"
#include "system/file_descriptor.h"
#include "system/host.h"
#include "system/posix_file.h"
#include "tensor/device.h"

namespace revnet {

template <class Archive>
void fields(Archive& archive, StudyLog& log) {
  archive(log.attributes, log.series);
}

namespace {

constexpr std::int64_t study_log_version = 1;

bool is_study_log(const std::filesystem::path& file) {
  try {
    return hdf5::Reader(file).has_attribute("/", "study");
  } catch (const FileError& error) {
    if (error.kind() != FileError::Kind::damaged) throw;
    return false;
  }
}

}  // namespace

void claim_study_log(const std::filesystem::path& file, bool replace) {
  std::error_code unknown;
  const std::filesystem::file_status status = std::filesystem::status(file, unknown);
  const bool exists = std::filesystem::exists(status);
  if (!file.has_filename() || (exists && !std::filesystem::is_regular_file(status))) {
    throw UsageError("{} is not a regular file; choose another name", in_quotes(file.string()));
  }
  if (file.extension() != ".h5") {
    throw UsageError("the name {} must end in .h5", in_quotes(file.string()));
  }
  if (exists && !replace) {
    throw UsageError(file.string() + " already exists: replace it with --force, or choose another name");
  }
  if (exists && !is_study_log(file)) {
    throw UsageError(
        "{} is no intact log of revnet-compare, so --force does not replace it: remove it, or choose another "
        "name",
        file.string());
  }
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  make_folders(folder);
  if (::access(folder.c_str(), W_OK) != 0) throw Error(file_failure("write", file, errno));
}

hdf5::Writer start_study_log(const std::filesystem::path& file, const std::string& study,
                             const std::string& command) {
  hdf5::Writer log(file);
  log.attribute("/", format_version_name, study_log_version);
  log.attribute("/", "study", study);
  log.attribute("/", "command", command);
  log.attribute("/", "version", version());
  log.attribute("/", "host", host_name());
  log.attribute("/", "cpu", cpu_name());
  log.attribute("/", "onednn_version", onednn_version());
  return log;
}

StudyLog read_study_log(const std::filesystem::path& file, const std::string& study,
                        const std::vector<std::string>& attributes, const std::string& group) {
  return read_value_apart(file, StudyLog(), [&] {
    const hdf5::Reader log(file);
    check_kind(log, "study", "study", "a file that revnet-compare wrote");
    check_format_version(log, study_log_version);
    const std::string found = log.text_attribute("/", "study");
    if (found != study) log.fail("it is of the study '{}', not '{}'", found, study);
    StudyLog read;
    for (const std::string& name : attributes) read.attributes[name] = log.integer_attribute("/", name);
    read.series = Series::read(log, group);
    return read;
  });
}

}  // namespace revnet
