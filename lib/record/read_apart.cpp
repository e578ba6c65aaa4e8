#include "record/read_apart.h"

#include <csignal>
#include <cstdint>

#include "system/host.h"
#include "system/process.h"

namespace revnet {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;

// Marks a successful answer, whose payload follows. Any other first byte is a RecordError::Kind, and its
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
  } catch (const RecordError& error) {
    return static_cast<char>(error.kind()) + std::string(error.what());
  } catch (const std::exception& error) {
    return static_cast<char>(RecordError::Kind::damaged) +
           std::string(damage_error(file, error.what()).what());
  }
}

ProcessResult call_reader(const std::filesystem::path& file, const std::function<std::string()>& read,
                          unsigned seconds) {
  try {
    return call_in_child([&] { return read_and_tell(file, read); }, limits_for(file, seconds));
  } catch (const Error& error) {
    throw RecordError(RecordError::Kind::io, "cannot read {}: {}", file.string(), error.what());
  }
}

}  // namespace

std::string read_apart(const std::filesystem::path& file, const std::function<std::string()>& read,
                       unsigned seconds) {
  auto [status, text, none] = call_reader(file, read, seconds);
  if (status.code != 0 || text.empty()) {
    throw damage_error(
        file, status.signal == SIGXCPU ? "reading it does not come to an end" : "reading it crashes HDF5");
  }
  const char first = text[0];
  text.erase(0, 1);
  if (first != has_read) throw RecordError(static_cast<RecordError::Kind>(first), text);
  return text;
}

}  // namespace revnet
