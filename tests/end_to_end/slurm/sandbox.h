// A Slurm of the test's own, made by scripts/slurm-sandbox.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "end_to_end/runs.h"

namespace revnet::testing {

// Started with the object and stopped with it; until then this process and its children see no other Slurm.
class Sandbox {
 public:
  Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  // Its own folder, gone after stop().
  std::filesystem::path folder() const { return parent_ / "slurm"; }
  // Ends it: whether scripts/slurm-sandbox stop succeeded.
  bool stop();
  // The node's name.
  std::string node() const;
  // Process ids of its daemons.
  std::vector<int> daemons() const;
  // What squeue shows, a line "STATE RESTARTS" a task.
  std::string queue() const;

 private:
  TemporaryDirectory parent_;
  bool running_ = false;
};

// A command that must succeed; its output.
std::string output(const std::vector<std::string>& words);

// revnet-sweep with trainings of one thread.
Outcome sweep(const std::filesystem::path& folder, const Arguments& arguments);

// Looks again and again, for two minutes; a failed check when it never comes.
bool comes(const std::string& what, const std::function<bool()>& moment);

// The process that holds a run.
int holder(const std::filesystem::path& run);

}  // namespace revnet::testing
