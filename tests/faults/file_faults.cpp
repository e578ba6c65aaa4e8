#include "faults/file_faults.h"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

namespace revnet::testing {
namespace {

FileFaults faults;
std::vector<std::string> operations;
bool clock_jumps = false;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool read_environment() {
  if (*variable("REVNET_FAULT_FILES") != '\0') {
    FileFaults given;
    given.files = variable("REVNET_FAULT_FILES");
    given.at = std::atoi(variable("REVNET_FAULT_AT"));
    given.error = std::atoi(variable("REVNET_FAULT_ERROR"));
    given.lasting = *variable("REVNET_FAULT_LASTING") == '1';
    given.reads = *variable("REVNET_FAULT_READS") == '1';
    set_file_faults(given);
  }
  clock_jumps = *variable("REVNET_FAULT_CLOCK") == '1';
  return true;
}
// Runs after the variables above are initialized, which a constructor function of the library might not.
[[maybe_unused]] const bool environment_is_read = read_environment();

template <typename Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// Whether the operation must fail now. If so, errno is set.
bool fails(const char* operation, const std::string& path) {
  if (faults.files.empty() || path.find(faults.files) == std::string::npos) return false;
  operations.emplace_back(operation);
  const int count = static_cast<int>(operations.size());
  if (faults.at == 0 || count < faults.at || (count > faults.at && !faults.lasting)) return false;
  errno = faults.error;
  return true;
}

bool fails_writing(const char* operation, const std::string& path) {
  return !faults.reads && fails(operation, path);
}

std::string path_of(int descriptor) {
  const int before = errno;
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  errno = before;
  return size <= 0 ? "" : std::string(path.data(), static_cast<std::size_t>(size));
}

// Whether the descriptor is a file opened for writing, or a folder, which is opened only to be synced.
bool is_written(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_DIRECTORY) != 0);
}

}  // namespace

void set_file_faults(const FileFaults& given) {
  faults = given;
  operations.clear();
}

const std::vector<std::string>& file_operations() {
  return operations;
}

}  // namespace revnet::testing

using revnet::testing::fails_writing;
using revnet::testing::is_written;
using revnet::testing::original;
using revnet::testing::path_of;

extern "C" {

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  const bool counts = (flags & O_ACCMODE) != O_RDONLY || (flags & O_DIRECTORY) != 0;
  if (counts && fails_writing("open", path)) return -1;
  return original<int(const char*, int, ...)>("open")(path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, std::size_t count) {
  if (fails_writing("write", path_of(descriptor))) return -1;
  if (revnet::testing::faults.short_writes && count > 1) count /= 2;
  return original<ssize_t(int, const void*, std::size_t)>("write")(descriptor, bytes, count);
}

ssize_t read(int descriptor, void* bytes, std::size_t count) {
  if (revnet::testing::faults.reads && revnet::testing::fails("read", path_of(descriptor))) return -1;
  return original<ssize_t(int, void*, std::size_t)>("read")(descriptor, bytes, count);
}

int fsync(int descriptor) {
  if (fails_writing("fsync", path_of(descriptor))) return -1;
  return original<int(int)>("fsync")(descriptor);
}

int ftruncate(int descriptor, off_t length) {
  if (fails_writing("ftruncate", path_of(descriptor))) return -1;
  return original<int(int, off_t)>("ftruncate")(descriptor, length);
}

// Frees the descriptor even when it fails, as on Linux.
int close(int descriptor) {
  const bool failed = is_written(descriptor) && fails_writing("close", path_of(descriptor));
  const int error = errno;
  const int result = original<int(int)>("close")(descriptor);
  if (!failed) return result;
  errno = error;
  return -1;
}

int rename(const char* from, const char* to) noexcept {
  if (fails_writing("rename", from)) return -1;
  return original<int(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) noexcept {
  if (fails_writing("unlink", path)) return -1;
  return original<int(const char*)>("unlink")(path);
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static int looks = 0;
  const int result = original<int(clockid_t, timespec*)>("clock_gettime")(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME && revnet::testing::clock_jumps) {
    constexpr time_t day = 24 * 60 * 60;
    time->tv_sec += ++looks % 2 == 0 ? day : -day;
  }
  return result;
}

}  // extern "C"
