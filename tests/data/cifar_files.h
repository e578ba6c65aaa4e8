// CIFAR records with known content for test files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace revnet {

// Image byte k of record r in the test files: no two records or planes are alike.
std::uint8_t expected_byte(std::size_t r, std::size_t k);
// The labels of record r.
std::uint8_t expected_label(std::size_t r, int classes);

// Records in the format of the CIFAR files. coarse_classes 0: no coarse label byte.
std::string cifar_records(std::size_t count, int classes, int coarse_classes);

}  // namespace revnet
