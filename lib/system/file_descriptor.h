// Open files by their numbers, and what to say when the system refuses one.
#pragma once

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace revnet {

// Owns one open file descriptor; closes it without looking at the result, so writers call close() first.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor = -1) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  // Returns errno, or 0 when the file closed cleanly.
  int close();

 private:
  int descriptor_;
};

// Repeats a call that a signal cut short.
template <typename Call>
auto without_interruption(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Writes all bytes at the descriptor's position. Returns errno, or 0.
int write_all(int descriptor, std::span<const std::byte> bytes);

// "cannot ACTION PATH: WHY; WHAT TO DO". error is an errno value.
std::string file_failure(const std::string& action, const std::filesystem::path& path, int error);

}  // namespace revnet
