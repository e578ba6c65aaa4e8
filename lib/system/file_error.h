// Failures of files, by kinds that a caller may want to distinguish.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace revnet {

// Exit code 1. The message is one line: what, which file, why, and what to do.
class FileError : public Error {
 public:
  enum class Kind {
    missing,       // the file or folder does not exist
    io,            // the operating system refused: permissions, disk full, not a folder
    damaged,       // not what it should be: truncated, garbage, or with wrong names, types or shapes
    newer_format,  // written by a later version of revnet
  };

  FileError(Kind kind, const std::string& message) : Error(message), kind_(kind) {}
  template <typename Arg, typename... Args>
  FileError(Kind kind, fmt::format_string<Arg, Args...> text, Arg&& arg, Args&&... args)
      : Error(text, std::forward<Arg>(arg), std::forward<Args>(args)...), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

// Kind damaged, with the one-line message "PATH is damaged: WHAT; restore it from a copy or make it anew".
FileError damage_error(const std::filesystem::path& path, const std::string& what);

}  // namespace revnet
