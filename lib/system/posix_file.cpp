#include "system/posix_file.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace revnet {
namespace {

FileDescriptor open_file(const std::filesystem::path& path, int flags) {
  return FileDescriptor(without_interruption(
      [&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); }));  // minus the umask
}

// Removes the temporary file unless it has been moved into place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& path) : path_(path) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!moved_) ::unlink(path_.c_str());
  }

  void move_to(const std::filesystem::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) throw io_error("write", target, errno);
    moved_ = true;
  }

 private:
  std::filesystem::path path_;
  bool moved_ = false;
};

// A rename survives a power cut only if the folder that holds the name has been synced. Some network and FUSE
// file systems cannot do that; there the name is as safe as the file system makes it.
void sync_folder_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const FileDescriptor descriptor = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.is_open()) throw io_error("open the folder", folder, errno);
  if (without_interruption([&] { return ::fsync(descriptor.get()); }) != 0 && errno != EINVAL &&
      errno != ENOTSUP) {
    throw io_error("sync the folder", folder, errno);
  }
}

}  // namespace

FileError io_error(const std::string& action, const std::filesystem::path& path, int error) {
  const auto kind = error == ENOENT ? FileError::Kind::missing : FileError::Kind::io;
  return {kind, file_failure(action, path, error)};
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw io_error("make the folder", folder, error.value());
}

std::filesystem::path temporary_path(const std::filesystem::path& path) {
  return path.string() + ".tmp";
}

void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const std::filesystem::path temporary = temporary_path(path);
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) throw io_error("remove", temporary, errno);
  FileDescriptor descriptor = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL);
  if (!descriptor.is_open()) throw io_error("write", temporary, errno);
  TemporaryFile file(temporary);
  int error = write_all(descriptor.get(), bytes);
  // Unless the data are on the disk before the name is, a power cut can leave a name without data.
  if (error == 0 && without_interruption([&] { return ::fsync(descriptor.get()); }) != 0) error = errno;
  const int close_error = descriptor.close();
  if (error == 0) error = close_error;
  if (error != 0) throw io_error("write", temporary, error);
  file.move_to(path);
  sync_folder_of(path);
}

void move_into_place(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  TemporaryFile file(temporary);
  {
    const FileDescriptor descriptor = open_file(temporary, O_RDWR);
    if (!descriptor.is_open() || without_interruption([&] { return ::fsync(descriptor.get()); }) != 0) {
      throw io_error("write", temporary, errno);
    }
  }
  file.move_to(path);
  sync_folder_of(path);
}

void replace_text_file(const std::filesystem::path& path, std::string_view text) {
  replace_file(path, std::as_bytes(std::span(text)));
}

std::string read_text_file(const std::filesystem::path& path) {
  constexpr std::size_t limit = std::size_t{1} << 20;
  const FileDescriptor descriptor = open_file(path, O_RDONLY);
  if (!descriptor.is_open()) throw io_error("read", path, errno);
  std::string text;
  std::array<char, 16384> buffer{};
  while (true) {
    const ssize_t count =
        without_interruption([&] { return ::read(descriptor.get(), buffer.data(), buffer.size()); });
    if (count < 0) throw io_error("read", path, errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) {
      throw FileError(FileError::Kind::damaged,
                      "cannot read {}: it has more than {} bytes; check that it is the right file",
                      path.string(), limit);
    }
  }
}

}  // namespace revnet
