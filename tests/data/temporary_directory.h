// Shared by the tests of lib/data: a directory of their own, and CIFAR records to write into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace revnet {

// A new empty directory, removed with all it holds at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The image byte that the test files hold at place k of record r: no two records or planes are alike.
std::uint8_t expected_byte(std::size_t r, std::size_t k);
// The labels of record r.
std::uint8_t expected_label(std::size_t r, int classes);

// Records as in the CIFAR files; coarse_classes 0: no coarse label byte.
std::vector<char> cifar_records(std::size_t count, int classes, int coarse_classes);

void write_file(const std::filesystem::path& path, const std::vector<char>& bytes);

}  // namespace revnet
