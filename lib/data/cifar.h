// Readers of CIFAR-10 and CIFAR-100 in their official binary format (data/README.md).
//
// A file is a sequence of records of equal length without a header. The readers check every length, every
// label and, where scripts/download-data has left checksums, all bytes; they guess nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace revnet {

inline constexpr std::size_t cifar_train_size = 50'000, cifar_test_size = 10'000;

inline constexpr std::string_view cifar10_folder = "cifar-10-batches-bin";
inline constexpr std::string_view cifar100_folder = "cifar-100-binary";
// The name of the file in each of them that may list the checksums of the others.
inline constexpr std::string_view cifar_checksums = "crc32";

// A record is [coarse label,] label, then 3072 image bytes.
struct CifarFormat {
  std::string_view name;   // Dataset::name, and the argument of scripts/download-data
  std::string_view names;  // the text file of the names of its classes, a line each
  int classes = 0;         // classes of the label used for training
  int coarse_classes = 0;  // classes of the coarse label byte before it; 0: there is none

  std::size_t label_bytes() const { return coarse_classes > 0 ? 2 : 1; }
  std::size_t record_bytes() const { return label_bytes() + cifar_bytes; }
};

inline constexpr CifarFormat cifar10_format{"cifar10", "batches.meta.txt", 10, 0};
inline constexpr CifarFormat cifar100_format{"cifar100", "fine_label_names.txt", 100, 20};

// Reads a file that must hold exactly `records` records. Throws DataError otherwise; for a bad label, the
// message names the record, counted from 0.
Dataset read_cifar_file(const std::filesystem::path& file, const CifarFormat& format, std::size_t records);

// A file of a set, and what it should hold.
struct CifarFile {
  std::filesystem::path path;
  CifarFormat format;
  std::size_t records = 0;
};
// The files of a set below the data directory, training files first, the test file last.
std::vector<CifarFile> cifar10_files(const std::filesystem::path& directory);
std::vector<CifarFile> cifar100_files(const std::filesystem::path& directory);

// Reads a whole set, 50,000 training and 10,000 test images, from its canonical folder in `directory` (the
// data directory, not the folder itself). Throws DataError for the first file that is missing or malformed.
Splits read_cifar10(const std::filesystem::path& directory);
Splits read_cifar100(const std::filesystem::path& directory);

// The names of the classes by label, from the text file in a set's canonical folder, which training does not
// need; empty where there is none. Throws DataError where it has more or fewer names than the set has
// classes.
std::vector<std::string> read_class_names(const std::filesystem::path& folder, const CifarFormat& format);

// Whether the canonical folder exists. Its contents are deliberately not checked: the reader must report a
// missing or broken file, rather than another set being used instead.
bool cifar10_available(const std::filesystem::path& directory);
bool cifar100_available(const std::filesystem::path& directory);

}  // namespace revnet
