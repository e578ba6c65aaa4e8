#include "data/temporary_directory.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace revnet {

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (fs::temp_directory_path() / "revnet-data-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + pattern);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // a directory left behind is no reason to fail a test
  fs::remove_all(path_, ignored);
}

std::uint8_t expected_byte(std::size_t r, std::size_t k) {
  return static_cast<std::uint8_t>((r * 37 + k * 11 + k / 1024 * 5) % 251);
}

std::uint8_t expected_label(std::size_t r, int classes) {
  return static_cast<std::uint8_t>((r * 7 + 3) % static_cast<std::size_t>(classes));
}

std::vector<char> cifar_records(std::size_t count, int classes, int coarse_classes) {
  std::vector<char> bytes;
  bytes.reserve(count * 3074);
  for (std::size_t r = 0; r < count; ++r) {
    if (coarse_classes > 0) bytes.push_back(static_cast<char>(expected_label(r, coarse_classes)));
    bytes.push_back(static_cast<char>(expected_label(r, classes)));
    for (std::size_t k = 0; k < 3072; ++k) bytes.push_back(static_cast<char>(expected_byte(r, k)));
  }
  return bytes;
}

void write_file(const fs::path& path, const std::vector<char>& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace revnet
