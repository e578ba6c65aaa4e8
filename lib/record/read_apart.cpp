#include "record/read_apart.h"

#include <csignal>
#include <cstdint>
#include <new>

#include "record/checksums.h"
#include "system/host.h"
#include "system/process.h"

namespace revnet {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;

// Marks a successful answer, whose payload follows. Any other first byte is a FileError::Kind, and its
// message follows.
constexpr char has_read = '\x7f';

ProcessLimits limits_for(const std::filesystem::path& file, unsigned seconds) {
  std::error_code none;
  const std::uintmax_t found = std::filesystem::file_size(file, none), bytes = none ? 0 : found;
  const std::uint64_t now = address_space_bytes();
  ProcessLimits limits;
  if (now > 0) limits.address_space = now + 4 * bytes + most_bytes;
  limits.cpu_seconds = seconds + (bytes >> 24);
  return limits;
}

std::string read_and_tell(const std::filesystem::path& file, const std::function<std::string()>& read) {
  try {
    return has_read + read();
  } catch (const FileError& error) {
    return static_cast<char>(error.kind()) + std::string(error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return static_cast<char>(FileError::Kind::damaged) + std::string(damage_error(file, error.what()).what());
  }
}

bool is_whole(const std::filesystem::path& file) {
  return std::filesystem::exists(file) && verify_checksums(file).match;
}

// A damaged file may ask for any amount of memory, a whole one only for what it needs.
[[noreturn]] void fail_for_memory(const std::filesystem::path& file) {
  if (is_whole(file)) throw std::bad_alloc();
  throw FileError(FileError::Kind::damaged,
                  "cannot read {}: it takes more memory than there is; if other files can be read, it is "
                  "damaged: restore it from a copy",
                  file.string());
}

// HDF5 crashes on damaged files, and on some of its own allocations that fail.
[[noreturn]] void fail_for_crash(const std::filesystem::path& file, const ExitStatus& status) {
  if (status.signal == SIGXCPU) throw damage_error(file, "reading it does not come to an end");
  if (is_whole(file)) throw std::bad_alloc();
  throw damage_error(file, "reading it crashes HDF5 (unless memory is short)");
}

ProcessResult call_reader(const std::filesystem::path& file, const std::function<std::string()>& read,
                          unsigned seconds) {
  try {
    return call_in_child([&] { return read_and_tell(file, read); }, limits_for(file, seconds));
  } catch (const std::bad_alloc&) {
    fail_for_memory(file);
  } catch (const Error& error) {
    throw FileError(FileError::Kind::io, "cannot read {}: {}", file.string(), error.what());
  }
}

}  // namespace

std::string read_apart(const std::filesystem::path& file, const std::function<std::string()>& read,
                       unsigned seconds) {
  auto [status, text, none] = call_reader(file, read, seconds);
  if (status.code != 0 || text.empty()) fail_for_crash(file, status);
  const char first = text[0];
  text.erase(0, 1);
  if (first != has_read) throw FileError(static_cast<FileError::Kind>(first), text);
  return text;
}

}  // namespace revnet
