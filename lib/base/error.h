// Errors that reach the user. Every message is one line that says what is wrong, where, and what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace revnet {

// Process exit codes, as README.md promises them.
enum class ExitCode {
  done = 0,
  failed = 1,
  usage = 2,
  interrupted = 3,    // stopped by a signal, with a checkpoint saved
  diverged = 4,       // the loss, a statistic or a weight became NaN or infinite
  damaged_image = 5,  // a training image turned out to be damaged; a checkpoint was saved
};

// A failure at run time: files, memory, data. Exit code 1.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  // Error("cannot open {}", path).
  template <typename Arg, typename... Args>
  explicit Error(fmt::format_string<Arg, Args...> text, Arg&& arg, Args&&... args)
      : std::runtime_error(fmt::format(text, std::forward<Arg>(arg), std::forward<Args>(args)...)) {}
  virtual ExitCode exit_code() const { return ExitCode::failed; }
};

// The request itself is wrong: an unknown key or name, or an impossible value. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::usage; }
};

// The loss, a batch statistic or a weight is no longer finite. Exit code 4.
class DivergedError : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::diverged; }
};

}  // namespace revnet
