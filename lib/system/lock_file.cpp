#include "system/lock_file.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "system/host.h"

namespace revnet {
namespace {

std::string read_holder(int descriptor) {
  std::array<char, 256> buffer{};
  const ssize_t count = ::pread(descriptor, buffer.data(), buffer.size(), 0);
  if (count <= 0) return "another process";  // it holds the lock but has not written its name yet
  const std::string text(buffer.data(), static_cast<std::size_t>(count));
  return text.substr(0, text.find('\n'));
}

[[noreturn]] void refuse(const std::string& what, int descriptor) {
  throw InUseError("{} is in use by {}; wait for it or choose another folder", what, read_holder(descriptor));
}

bool is_held(const FileDescriptor& descriptor) {
  return ::flock(descriptor.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

FileDescriptor open_to_read(const std::filesystem::path& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

}  // namespace

LockFile::LockFile(const std::filesystem::path& path, const std::string& what)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (!descriptor_.is_open()) throw Error(file_failure("open", path, errno));
  int refused = ::flock(descriptor_.get(), LOCK_EX | LOCK_NB);
  // Another process that calls is_held() holds the lock for an instant, so one refusal proves nothing.
  for (int time = 0; refused != 0 && errno == EWOULDBLOCK && time < 10; ++time) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    refused = ::flock(descriptor_.get(), LOCK_EX | LOCK_NB);
  }
  if (refused != 0) {
    if (errno != EWOULDBLOCK) throw Error(file_failure("lock", path, errno));
    refuse(what, descriptor_.get());
  }
  const std::string holder = fmt::format("process {} on {}\n", ::getpid(), host_name());
  int error = ::ftruncate(descriptor_.get(), 0) == 0 ? 0 : errno;
  if (error == 0) error = write_all(descriptor_.get(), std::as_bytes(std::span(holder)));
  if (error != 0) throw Error(file_failure("write", path, error));
}

void LockFile::check_free(const std::filesystem::path& path, const std::string& what) {
  const FileDescriptor descriptor = open_to_read(path);
  if (descriptor.is_open() && revnet::is_held(descriptor)) refuse(what, descriptor.get());
}

bool LockFile::is_held(const std::filesystem::path& path) {
  const FileDescriptor descriptor = open_to_read(path);
  return descriptor.is_open() && revnet::is_held(descriptor);
}

}  // namespace revnet
