// A file that one process at a time holds.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "system/file_descriptor.h"

namespace revnet {

// Another process has the lock; the message names it.
class InUseError : public Error {
 public:
  using Error::Error;
};

// An flock on the file, held while the object lives: it goes with the process however that ends, and the file
// stays, with the name of who held it last.
class LockFile {
 public:
  // Makes the file where there is none. InUseError when another has the lock, also in this process: `what` is
  // what it holds. Error when the file cannot be opened or written.
  LockFile(const std::filesystem::path& path, const std::string& what);

  // InUseError when some process has the lock, as the constructor says it; the file stays as it is.
  static void check_free(const std::filesystem::path& path, const std::string& what);
  // Whether some process holds the lock. False where there is no file.
  static bool is_held(const std::filesystem::path& path);

 private:
  FileDescriptor descriptor_;
};

}  // namespace revnet
