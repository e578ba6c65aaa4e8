// What can go wrong with the files of a run, in kinds a caller may want to tell apart.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace revnet {

// Exit code 1. The message is one line: what, which file, why, what to do.
class RecordError : public Error {
 public:
  enum class Kind {
    missing,       // the file or folder does not exist
    io,            // the operating system refused: permissions, disk full, not a folder
    damaged,       // not the file it should be: truncated, garbage, wrong names, types or shapes
    newer_format,  // written by a later version of this program
  };

  RecordError(Kind kind, const std::string& message) : Error(message), kind_(kind) {}
  template <typename Arg, typename... Args>
  RecordError(Kind kind, fmt::format_string<Arg, Args...> text, Arg&& arg, Args&&... args)
      : Error(text, std::forward<Arg>(arg), std::forward<Args>(args)...), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

// "PATH is damaged: WHAT; restore it from a copy or start the run anew", of kind damaged, in one line.
RecordError damage_error(const std::filesystem::path& path, const std::string& what);

}  // namespace revnet
