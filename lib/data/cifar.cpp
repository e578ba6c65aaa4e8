#include "data/cifar.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/crc32.h"
#include "base/text.h"
#include "system/host.h"

namespace revnet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t batch_records = 10'000;

// The command that downloads the data set of a file.
std::string download(const CifarFormat& format, const fs::path& file) {
  return find_script(program_path(), "download-data").string() + " " + std::string(format.name) + " " +
         shell_quoted(file.parent_path().parent_path().string());
}

std::string fetch_remedy(const CifarFormat& format, const fs::path& file) {
  return "run " + download(format, file) + " (or name another --data-dir)";
}

std::string replace_remedy(const CifarFormat& format, const fs::path& file) {
  return "delete it and run " + download(format, file);
}

// Throws unless `file` is a regular file of exactly `expected` bytes.
void check_file(const fs::path& file, const CifarFormat& format, std::uintmax_t expected) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) {
    throw DataError(file, "no such file", fetch_remedy(format, file));
  }
  if (error) throw DataError(file, error.message(), "check the permissions of the path");
  if (status.type() != fs::file_type::regular) {
    throw DataError(file, "not a regular file", replace_remedy(format, file));
  }
  const std::uintmax_t bytes = fs::file_size(file, error);
  if (error) throw DataError(file, error.message(), "check the permissions of the path");
  if (bytes == expected) return;
  if (bytes == 0) throw DataError(file, "the file is empty", replace_remedy(format, file));
  const std::string problem = std::to_string(bytes) + " bytes, expected " + std::to_string(expected) +
                              " (records of " + std::to_string(format.record_bytes()) + ")";
  if (bytes < expected) throw DataError(file, "truncated: " + problem, replace_remedy(format, file));
  throw DataError(file, "too long: " + problem, replace_remedy(format, file));
}

void check_label(const fs::path& file, const CifarFormat& format, std::size_t record, std::string_view what,
                 std::uint8_t label, int classes) {
  if (label < classes) return;
  throw DataError(file,
                  "record " + std::to_string(record) + " (counted from 0) has " + std::string(what) + " " +
                      std::to_string(label) + ", not below " + std::to_string(classes),
                  replace_remedy(format, file));
}

// Compares with the file `crc32` in the same folder, where scripts/download-data has left one. Its lines are
// "CRC32 FILE".
void check_checksum(const fs::path& file, const CifarFormat& format, std::uint32_t checksum) {
  std::ifstream listed(file.parent_path() / cifar_checksums);
  if (!listed) return;
  const std::string wanted = fmt::format("{:08x} {}", checksum, file.filename().string());
  for (std::string line; std::getline(listed, line);) {
    if (line == wanted) return;
  }
  throw DataError(file, fmt::format("its bytes are not those that {} lists", cifar_checksums),
                  replace_remedy(format, file));
}

// Appends the records of one file to `set` and returns the file's CRC-32. After an error, `set` may hold some
// of the records.
std::uint32_t append_file(Dataset& set, const fs::path& file, const CifarFormat& format,
                          std::size_t records) {
  check_file(file, format, std::uintmax_t{records} * format.record_bytes());
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    const std::string reason = errno != 0 ? std::generic_category().message(errno) : "cannot be opened";
    throw DataError(file, reason, "check the permissions of the file");
  }
  const std::size_t first = set.images.size();
  set.images.resize(first + records * cifar_bytes);
  const auto label_bytes = static_cast<std::streamsize>(format.label_bytes());
  std::uint32_t checksum = 0;
  for (std::size_t record = 0; record < records; ++record) {
    std::array<char, 2> label{};
    in.read(label.data(), label_bytes);
    // char may alias any object, so the image can be read straight into the set.
    in.read(reinterpret_cast<char*>(set.images.data() + first + record * cifar_bytes), cifar_bytes);
    if (!in) {
      throw DataError(file, "reading failed in record " + std::to_string(record),
                      "check the disk, and that nothing else writes the file");
    }
    checksum = crc32(std::as_bytes(std::span(label).first(format.label_bytes())), checksum);
    checksum =
        crc32(std::as_bytes(std::span(set.images).last((records - record) * cifar_bytes).first(cifar_bytes)),
              checksum);
    const auto fine = static_cast<std::uint8_t>(label[format.label_bytes() - 1]);
    if (format.coarse_classes > 0) {
      const auto coarse = static_cast<std::uint8_t>(label[0]);
      check_label(file, format, record, "coarse label", coarse, format.coarse_classes);
    }
    check_label(file, format, record, "label", fine, format.classes);
    set.labels.push_back(fine);
  }
  check_checksum(file, format, checksum);
  return checksum;
}

Dataset empty_set(const CifarFormat& format) {
  Dataset set;
  set.name = format.name;
  set.classes = format.classes;
  return set;
}

// The likeliest mistake is to name the folder of the files themselves.
void refuse_own_folder(const fs::path& directory, const CifarFile& first) {
  std::error_code unknown;
  if (fs::exists(first.path, unknown) || !fs::exists(directory / first.path.filename(), unknown)) return;
  throw DataError(directory, "this folder holds the files themselves", "name the folder above it");
}

Splits read_all(const fs::path& directory, const std::vector<CifarFile>& files) {
  refuse_own_folder(directory, files.front());
  const CifarFormat& format = files.front().format;
  Splits splits{empty_set(format), empty_set(format)};
  splits.train.images.reserve(cifar_train_size * cifar_bytes);
  std::uint32_t checksum = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    Dataset& set = i + 1 < files.size() ? splits.train : splits.test;
    const std::uint32_t of_file = append_file(set, files[i].path, format, files[i].records);
    checksum = crc32(std::as_bytes(std::span(&of_file, 1)), checksum);
  }
  splits.fingerprint =
      fmt::format("{} and {} images, {:08x}", splits.train.size(), splits.test.size(), checksum);
  return splits;
}

// A folder that cannot be examined counts as present, so that reading it reports the reason.
bool there(const fs::path& folder) {
  std::error_code error;
  return fs::status(folder, error).type() != fs::file_type::not_found;
}

}  // namespace

Dataset read_cifar_file(const fs::path& file, const CifarFormat& format, std::size_t records) {
  Dataset set = empty_set(format);
  append_file(set, file, format, records);
  return set;
}

std::vector<CifarFile> cifar10_files(const fs::path& directory) {
  std::vector<CifarFile> files;
  for (int batch = 1; batch <= 5; ++batch) {
    files.push_back({directory / cifar10_folder / fmt::format("data_batch_{}.bin", batch), cifar10_format,
                     batch_records});
  }
  files.push_back({directory / cifar10_folder / "test_batch.bin", cifar10_format, batch_records});
  return files;
}

std::vector<CifarFile> cifar100_files(const fs::path& directory) {
  const fs::path folder = directory / cifar100_folder;
  return {{folder / "train.bin", cifar100_format, 5 * batch_records},
          {folder / "test.bin", cifar100_format, batch_records}};
}

Splits read_cifar10(const fs::path& directory) {
  return read_all(directory, cifar10_files(directory));
}

Splits read_cifar100(const fs::path& directory) {
  return read_all(directory, cifar100_files(directory));
}

std::vector<std::string> read_class_names(const fs::path& folder, const CifarFormat& format) {
  const fs::path file = folder / format.names;
  if (!there(file)) return {};
  std::ifstream in(file);
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  const auto classes = static_cast<std::size_t>(format.classes);
  if (names.size() == classes) return names;
  throw DataError(file, std::to_string(names.size()) + " names, expected " + std::to_string(format.classes),
                  replace_remedy(format, file));
}

bool cifar10_available(const fs::path& directory) {
  return there(directory / cifar10_folder);
}
bool cifar100_available(const fs::path& directory) {
  return there(directory / cifar100_folder);
}

}  // namespace revnet
