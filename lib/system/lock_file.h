// A lock file that at most one process holds at a time.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "system/file_descriptor.h"

namespace revnet {

// Another process holds the lock; the message names the holder.
class InUseError : public Error {
 public:
  using Error::Error;
};

// Holds an exclusive flock on the file for as long as the object lives. The kernel releases the lock however
// the process ends; the file stays and names its last holder.
class LockFile {
 public:
  // Creates the file if it is missing. Throws InUseError if the lock is taken, even by this process; `what`
  // names the locked resource in the message. Throws Error if the file cannot be opened or written.
  LockFile(const std::filesystem::path& path, const std::string& what);

  // Throws InUseError, as the constructor does, if some process holds the lock; leaves the file as it is.
  static void check_free(const std::filesystem::path& path, const std::string& what);
  // Whether any process holds the lock; false if the file does not exist.
  static bool is_held(const std::filesystem::path& path);

 private:
  FileDescriptor descriptor_;
};

}  // namespace revnet
