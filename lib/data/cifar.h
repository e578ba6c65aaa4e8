// Readers of CIFAR-10 and CIFAR-100 in their official binary form (see data/README.md).
//
// A file is a row of records of equal length with no header, so a file of the wrong length is the only
// sign of a broken download: lengths are checked to the byte, labels to the class, and nothing is guessed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "data/dataset.h"

namespace revnet {

inline constexpr std::size_t cifar_train_size = 50'000;

inline constexpr std::string_view cifar10_folder = "cifar-10-batches-bin";
inline constexpr std::string_view cifar100_folder = "cifar-100-binary";

// One record is [coarse label,] label, then 3072 image bytes.
struct CifarFormat {
  std::string_view name;   // Dataset::name, and the argument of scripts/download-data
  int classes = 0;         // classes of the label that is trained on
  int coarse_classes = 0;  // classes of a coarse label byte before it; 0: there is no such byte

  std::size_t label_bytes() const { return coarse_classes > 0 ? 2 : 1; }
  std::size_t record_bytes() const { return label_bytes() + image_bytes; }
};

inline constexpr CifarFormat cifar10_format{"cifar10", 10, 0};
inline constexpr CifarFormat cifar100_format{"cifar100", 100, 20};

// Reads one file that must hold exactly `records` records. DataError otherwise; a label error names the
// record, counted from 0.
Dataset read_cifar_file(const std::filesystem::path& file, const CifarFormat& format, std::size_t records);

// Reads a whole set, 50,000 training and 10,000 test images, from its canonical folder in `directory`
// (the data directory, not the folder itself). DataError for the first file that is not as it should be.
Splits read_cifar10(const std::filesystem::path& directory);
Splits read_cifar100(const std::filesystem::path& directory);

// Whether the canonical folder is there. Deliberately no look inside: a set with a missing or broken file
// must be reported by the reader, not passed over in favour of another set.
bool cifar10_available(const std::filesystem::path& directory);
bool cifar100_available(const std::filesystem::path& directory);

}  // namespace revnet
