// File descriptors with ownership, and error messages for failed file operations.
#pragma once

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace revnet {

// Owns one open file descriptor. The destructor ignores errors of close(), so writers call close()
// themselves.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor = -1) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  // Returns 0 on success, else errno.
  int close();

 private:
  int descriptor_;
};

// Repeats a system call for as long as a signal interrupts it (EINTR).
template <typename Call>
auto without_interruption(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Writes all bytes at the descriptor's current position. Returns 0 on success, else errno.
int write_all(int descriptor, std::span<const std::byte> bytes);

// The message "cannot ACTION PATH: REASON; REMEDY". `error` is an errno value.
std::string file_failure(const std::string& action, const std::filesystem::path& path, int error);

}  // namespace revnet
