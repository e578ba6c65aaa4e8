// Runs the built commands as a user would: their own process, folder, environment and exit status.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "files.h"
#include "system/process.h"

namespace revnet::testing {

using Arguments = std::vector<std::string>;
// Over the environment of the test; an empty value takes a variable away.
using Environment = std::map<std::string, std::string>;

struct Outcome {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;      // which
  std::string out, err;

  // For messages of tests.
  std::string text() const;
};

// A command under way, of those built here or one of the system by its whole path. OpenMP threads that do not
// spin, two of them unless $REVNET_THREADS is set, and no data directory of the user's. Killed with the
// object.
class Process {
 public:
  Process(const std::string& command, const std::filesystem::path& folder, const Arguments& arguments,
          const Environment& environment = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t id() const { return child_.id(); }
  void send(int signal) const { child_.send(signal); }
  // Looks at `moment` again and again until it is true; false when the process ended before. Throws when
  // neither happens in two minutes.
  bool reaches(const std::function<bool()>& moment);
  // Until it ends; throws after two minutes, so that nothing hangs.
  Outcome wait();

 private:
  TemporaryDirectory captured_;
  ChildProcess child_;
};

// revnet-train from start to end.
Outcome train(const std::filesystem::path& folder, const Arguments& arguments,
              const Environment& environment = {});

// Any command from start to end.
Outcome run(const std::string& command, const std::filesystem::path& folder, const Arguments& arguments);
// A command that must refuse: exit code 2, and `why` on stderr.
void check_refused(const std::string& command, const std::filesystem::path& folder,
                   const Arguments& arguments, const std::string& why);

// Everything in and below a folder, with the contents of regular files, to see that nothing changed.
std::map<std::string, std::string> snapshot(const std::filesystem::path& folder);

}  // namespace revnet::testing
