#include "record/checksums.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/crc32.h"
#include "system/posix_file.h"

namespace revnet {
namespace {

constexpr std::string_view mark = "revnet-crc32 ";
constexpr std::size_t hex_digits = 8, size_digits = 10;
constexpr std::size_t last_line_bytes = mark.size() + hex_digits + 1 + size_digits + 1;

std::uint32_t extend(std::uint32_t crc, std::string_view text) {
  return crc32(std::as_bytes(std::span(text)), crc);
}

bool read_number(std::string_view digits, int base, std::uint64_t& value) {
  const char* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value, base);
  return error == std::errc() && stopped == end;
}

// A file that is read at given positions.
class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : path_(path),
        descriptor_(without_interruption([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); })) {
    if (!descriptor_.is_open()) throw io_error("read", path_, errno);
    const off_t end = ::lseek(descriptor_.get(), 0, SEEK_END);
    if (end < 0) throw io_error("read", path_, errno);
    size_ = static_cast<std::size_t>(end);
  }

  std::size_t size() const { return size_; }

  // Returns fewer bytes than asked for if the file has been shortened meanwhile.
  std::size_t read(std::size_t at, std::span<char> into) const {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = without_interruption([&] {
        return ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                       static_cast<off_t>(at + done));
      });
      if (count < 0) throw io_error("read", path_, errno);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  std::string text(std::size_t at, std::size_t bytes) const {
    std::string text(bytes, '\0');
    text.resize(read(at, text));
    return text;
  }

 private:
  std::filesystem::path path_;
  FileDescriptor descriptor_;
  std::size_t size_ = 0;
};

std::uint32_t crc32_of_beginning(const OpenFile& file, std::size_t bytes) {
  std::vector<char> buffer(std::size_t{1} << 20);
  std::uint32_t crc = 0;
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t count = file.read(at, std::span(buffer).first(std::min(buffer.size(), bytes - at)));
    if (count == 0) break;
    crc = extend(crc, {buffer.data(), count});
    at += count;
  }
  return crc;
}

// Skips malformed lines: the file is damaged anyway, and the lines only help to say where.
std::vector<ArrayChecksum> read_lines(std::string_view lines) {
  std::vector<ArrayChecksum> arrays;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    std::uint64_t crc = 0;
    if (line.size() <= hex_digits + 1 || !read_number(line.substr(0, hex_digits), 16, crc)) continue;
    arrays.push_back({std::string(line.substr(hex_digits + 1)), static_cast<std::uint32_t>(crc)});
  }
  return arrays;
}

}  // namespace

std::size_t checksum_room(const std::vector<ArrayChecksum>& arrays) {
  std::size_t room = 64;
  for (const ArrayChecksum& array : arrays) room += array.name.size() + 10;
  return room;
}

std::string checksum_lines(std::span<const std::byte> image, const std::vector<ArrayChecksum>& arrays) {
  std::string lines;
  for (const ArrayChecksum& array : arrays) lines += fmt::format("{:08x} {}\n", array.crc32, array.name);
  const std::uint32_t whole = extend(crc32(image), lines);
  return lines + fmt::format("{}{:08x} {:010}\n", mark, whole, lines.size());
}

std::string with_checksum(std::string_view text) {
  return fmt::format("# {}{:08x}\n{}", mark, extend(0, text), text);
}

bool is_as_written(std::string_view text) {
  return !text.starts_with('#') || with_checksum(text.substr(text.find('\n') + 1)) == text;
}

FileChecksums verify_checksums(const std::filesystem::path& path) {
  const OpenFile file(path);
  FileChecksums found;
  if (file.size() < last_line_bytes) return found;
  const std::size_t covered = file.size() - last_line_bytes;
  const std::string last = file.text(covered, last_line_bytes);
  std::uint64_t whole = 0, bytes = 0;
  if (!last.starts_with(mark) ||
      !read_number(std::string_view(last).substr(mark.size(), hex_digits), 16, whole) ||
      !read_number(std::string_view(last).substr(mark.size() + hex_digits + 1, size_digits), 10, bytes)) {
    return found;
  }
  found.present = true;
  found.match = crc32_of_beginning(file, covered) == whole;
  if (bytes <= covered) found.arrays = read_lines(file.text(covered - bytes, bytes));
  return found;
}

}  // namespace revnet
