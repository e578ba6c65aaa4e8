#include "system/file_descriptor.h"

#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace revnet {
namespace {

const char* advice(int error) {
  switch (error) {
    case ENOENT:
      return "; check the path";
    case EACCES:
    case EPERM:
      return "; check its permissions";
    case ENOSPC:
    case EDQUOT:
      return "; free some space";
    case EROFS:
      return "; choose a writable folder";
    case EISDIR:
      return "; it is a folder: name a file, or move it away";
    case ENOLCK:
    case ENOSYS:
      return "; choose a folder on a file system that can lock files";
    case ENOTDIR:
      return "; part of that path is a file: choose another path";
    default:
      return "";
  }
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  close();
}

int FileDescriptor::close() {
  if (!is_open()) return 0;
  // Linux frees the descriptor even if a signal interrupts close(); a second call could close another
  // thread's file.
  const int result = ::close(std::exchange(descriptor_, -1));
  return result == 0 || errno == EINTR ? 0 : errno;
}

int write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        without_interruption([&] { return ::write(descriptor, bytes.data(), bytes.size()); });
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string file_failure(const std::string& action, const std::filesystem::path& path, int error) {
  return fmt::format("cannot {} {}: {}{}", action, path.string(), std::generic_category().message(error),
                     advice(error));
}

}  // namespace revnet
