// Other processes: programs that are started, always without a shell, and functions that are called in a
// child.
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

// How a process ended.
struct ExitStatus {
  int code = 0;    // -1: a signal ended it
  int signal = 0;  // which

  // "exit code 3", "killed by signal 9".
  std::string text() const;
};

// What a child may take; empty and 0: as much as this process.
struct ProcessLimits {
  std::vector<int> cores = {};
  std::uint64_t address_space = 0;  // in bytes
  std::uint64_t cpu_seconds = 0;    // of computing, then SIGXCPU; waiting for a disk does not count
};

// A program to start. Its standard input is /dev/null.
struct Command {
  // The program, looked for in $PATH unless it has a slash, and its arguments.
  std::vector<std::string> words;
  // Over this process's; an empty value takes a variable away.
  std::map<std::string, std::string> environment = {};
  std::filesystem::path folder = {};  // that it runs in; empty: this process's
  // Files that its output is added to; empty: it goes where this process's does.
  std::filesystem::path out = {}, err = {};
  ProcessLimits limits = {};
  bool own_group = false;  // so that Ctrl-C does not reach it
};

// A child under way. No child outlives its object: one that is abandoned gets SIGTERM, at which a training
// saves its checkpoint, and SIGKILL when it has not ended ten seconds later.
class ChildProcess {
 public:
  // Error when the program cannot be started.
  explicit ChildProcess(const Command& command);
  // A child that was forked already.
  explicit ChildProcess(pid_t id) : id_(id) {}
  ChildProcess(ChildProcess&& other) noexcept { *this = std::move(other); }
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t id() const { return id_; }
  // Nothing happens when it is known to have ended.
  void send(int signal) const;
  ExitStatus wait();
  // How it ended; nothing when it has not after so long.
  std::optional<ExitStatus> wait_for(std::chrono::milliseconds time);

 private:
  void collect(int options);

  pid_t id_ = -1;
  std::optional<ExitStatus> status_;
};

// Of a process that has ended.
struct ProcessResult {
  ExitStatus status;
  std::string out, err;
};

// Whether a program of that name is in $PATH.
bool has_program(const std::string& name);

// Runs a program to its end and takes what it prints; `words` as in Command. Error when it cannot be started.
ProcessResult run_command(const std::vector<std::string>& words);

// The same for a program that has to succeed: its output, or an Error with the last line of its complaint.
std::string output_of(const std::vector<std::string>& words);

// Calls what may crash in a child: `out` is what it returned there, and nothing else comes of it. An
// exception ends the child with exit code 1. It leaves no core dump, and its standard error is /dev/null: an
// allocator's last words are not the user's concern.
ProcessResult call_in_child(const std::function<std::string()>& function, const ProcessLimits& limits);

}  // namespace revnet
