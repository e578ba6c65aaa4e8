#include "data/jpeg_set.h"

#include <cerrno>
#include <new>
#include <span>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/crc32.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "data/jpeg.h"

namespace revnet {
namespace {

FileDescriptor open_to_read(const std::filesystem::path& file) {
  return FileDescriptor(without_interruption([&] { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC); }));
}

}  // namespace

void throw_unreadable(int error_number) {
  const std::string what = "unreadable: " + std::generic_category().message(error_number);
  switch (error_number) {
    case ENOMEM:
      throw std::bad_alloc();
    case EACCES:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOENT:
    case ENOTDIR:
    case EPERM:
      throw JpegError(what);
    default:
      throw UnreadableImage(what);
  }
}

JpegSet JpegSet::in_folder(std::filesystem::path folder, std::vector<JpegImage> images) {
  JpegSet set;
  set.path_ = std::move(folder);
  set.images_ = std::move(images);
  return set;
}

JpegSet JpegSet::in_file(std::filesystem::path file, std::vector<JpegImage> images) {
  JpegSet set = in_folder(std::move(file), std::move(images));
  set.packed_ = open_to_read(set.path_);
  if (set.packed_.is_open()) return set;
  throw DataError(set.path_, std::generic_category().message(errno), "check the permissions of the file");
}

std::string JpegSet::place(std::size_t i) const {
  return one_line(packed_.is_open() ? path_.string() + ": " + images_[i].name
                                    : (path_ / images_[i].name).string());
}

void JpegSet::read(std::size_t i, std::vector<std::uint8_t>& bytes) const {
  const JpegImage& image = images_[i];
  FileDescriptor own;
  if (!packed_.is_open()) own = open_to_read(path_ / image.name);
  const int descriptor = packed_.is_open() ? packed_.get() : own.get();
  if (descriptor < 0) throw_unreadable(errno);
  bytes.resize(image.bytes);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = without_interruption([&] {
      return ::pread(descriptor, bytes.data() + done, bytes.size() - done,
                     static_cast<off_t>(image.offset + done));
    });
    if (count < 0) throw_unreadable(errno);
    if (count == 0)
      throw JpegError(fmt::format("cut short: only {} of {} bytes could be read", done, bytes.size()));
    done += static_cast<std::size_t>(count);
  }
  if (packed_.is_open() && crc32(std::as_bytes(std::span(bytes))) != image.checksum) {
    throw JpegError("damaged: its bytes have changed since it was packed (checksum mismatch)");
  }
}

}  // namespace revnet
