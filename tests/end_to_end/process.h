// Runs the built commands as a user would, each with its own process, folder and environment.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <source_location>
#include <string>
#include <vector>

#include "files.h"
#include "system/process.h"

namespace revnet::testing {

using Arguments = std::vector<std::string>;

struct Outcome {
  int exit_code = -1;  // -1 if a signal ended the process
  int signal = 0;      // the signal that did, or 0
  std::string out, err;

  // All of it, for the messages of failed checks.
  std::string text() const;
};

// Makes a command load a library of tests/faults first.
void preload(const std::filesystem::path& library, Environment& environment);

// A running command: the name of one built here, or the absolute path of another. Its OpenMP threads do not
// spin; there are two unless $REVNET_THREADS is set. It ignores $REVNET_DATA, and the destructor kills it.
class Process {
 public:
  Process(const std::string& command, const std::filesystem::path& folder, const Arguments& arguments,
          const Environment& environment = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t id() const { return child_.id(); }
  void send(int signal) const { child_.send(signal); }
  // What it has written to stdout so far.
  std::string out() const { return read_file(captured_ / "out"); }
  // Polls `moment` until it is true. Returns false if the process ends first, and throws after two minutes.
  bool reaches(const std::function<bool()>& moment);
  // Waits for the end of the process. Throws after two minutes, so that no test hangs.
  Outcome wait();

 private:
  TemporaryDirectory captured_;
  ChildProcess child_;
};

// Runs revnet-train to its end.
Outcome train(const std::filesystem::path& folder, const Arguments& arguments,
              const Environment& environment = {});

// Runs any command to its end.
Outcome run(const std::string& command, const std::filesystem::path& folder, const Arguments& arguments);
// Requires that a command succeeded, and returns its outcome.
Outcome succeeded(Outcome outcome, std::source_location where = std::source_location::current());
// Requires that a command refuses, with exit code 2 and `why` on stderr.
void check_refused(const std::string& command, const std::filesystem::path& folder,
                   const Arguments& arguments, const std::string& why);

// All paths below a folder and the contents of regular files, for checks that nothing changed.
std::map<std::string, std::string> snapshot(const std::filesystem::path& folder);

}  // namespace revnet::testing
