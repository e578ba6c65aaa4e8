// A private Slurm for a test, made by scripts/slurm-sandbox.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "end_to_end/runs.h"

namespace revnet::testing {

// Runs a Slurm for the lifetime of the object. During that time this process and its children see no other.
class Sandbox {
 public:
  Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  // The folder of the sandbox, which stop() removes.
  std::filesystem::path folder() const { return parent_ / "slurm"; }
  // Stops the sandbox, and returns whether scripts/slurm-sandbox succeeded.
  bool stop();
  std::string node() const;
  // The process ids of Slurm's daemons.
  std::vector<int> daemons() const;
  // The output of squeue, with one line "STATE RESTARTS" per task.
  std::string queue() const;

 private:
  TemporaryDirectory parent_;
  bool running_ = false;
};

// The output of a command that must succeed.
std::string output(const std::vector<std::string>& words);

// Runs revnet-sweep, whose trainings have one thread.
Outcome sweep(const std::filesystem::path& folder, const Arguments& arguments);

// Polls `moment` until it is true. After two minutes, fails a check that names `what` and returns false.
bool comes(const std::string& what, const std::function<bool()>& moment);

// The id of the process that holds a run's lock.
int holder(const std::filesystem::path& run);

}  // namespace revnet::testing
