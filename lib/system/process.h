// Child processes: programs, always started without a shell, and functions called in a forked child.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace revnet {

struct ExitStatus {
  int code = 0;    // -1 if a signal ended it
  int signal = 0;  // the signal that ended it, else 0

  // "exit code 3", "killed by signal 9".
  std::string text() const;
};

// Limits of a child process; empty and 0 mean that it inherits those of this process.
struct ProcessLimits {
  std::vector<int> cores = {};
  std::uint64_t address_space = 0;  // in bytes
  std::uint64_t cpu_seconds = 0;    // CPU time until SIGXCPU; waiting for a disk does not count
};

// Variables added to this process's environment; an empty value removes the variable.
using Environment = std::map<std::string, std::string>;

// A program to start. Its standard input is /dev/null.
struct Command {
  // The program, searched for in $PATH unless it contains a slash, and its arguments.
  std::vector<std::string> words;
  Environment environment = {};
  std::filesystem::path folder = {};  // working directory; empty: inherited
  // Files to append its output to; empty: it inherits this process's streams.
  std::filesystem::path out = {}, err = {};
  ProcessLimits limits = {};
  bool own_group = false;  // in its own process group, which Ctrl-C does not reach
};

// A running child process, which never outlives its object. The destructor sends SIGTERM, upon which a
// training run saves its checkpoint, and SIGKILL ten seconds later if the child is still running.
class ChildProcess {
 public:
  // Throws Error if the program cannot be started.
  explicit ChildProcess(const Command& command);
  // Takes ownership of a child that has already been forked.
  explicit ChildProcess(pid_t id) : id_(id) {}
  ChildProcess(ChildProcess&& other) noexcept { *this = std::move(other); }
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t id() const { return id_; }
  // Does nothing once the child is known to have ended.
  void send(int signal) const;
  ExitStatus wait();
  // The exit status, or nothing if the child is still running after `time`.
  std::optional<ExitStatus> wait_for(std::chrono::milliseconds time);

 private:
  void collect(int options);

  pid_t id_ = -1;
  std::optional<ExitStatus> status_;
};

struct ProcessResult {
  ExitStatus status;
  std::string out, err;
};

// Undoes what a careless parent leaves behind: standard streams that are closed, in whose place the next file
// to be opened would receive this process's messages, lead to /dev/null; and SIGCHLD, without which no child
// can be waited for, is not ignored. To be called before any file is opened.
void repair_inherited_state();

// Whether $PATH contains an executable of that name.
bool has_program(const std::string& name);

// Runs a program to completion and captures its output; `words` and `environment` as in Command. Throws Error
// if it cannot be started.
ProcessResult run_command(const std::vector<std::string>& words, const Environment& environment = {});
ProcessResult run_command(const Command& command);  // whose `out` and `err` are empty

// The output of a program that must succeed; otherwise an Error that quotes the last line of its standard
// error.
std::string output_of(const std::vector<std::string>& words, const Environment& environment = {});
std::string output_of(const Command& command);

// Calls a function that may crash in a forked child and returns its result in `out`; the call has no other
// effect on this process. std::bad_alloc reaches the caller; others end the child with exit code 1. It leaves
// no core dump, and its standard error is /dev/null: an allocator's last words mean nothing to the user.
ProcessResult call_in_child(const std::function<std::string()>& function, const ProcessLimits& limits);

}  // namespace revnet
