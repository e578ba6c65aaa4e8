// The options with which a training command starts, replaces or resumes a run.
#pragma once

#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

#include "run/training_run.h"

namespace revnet {

class RunOptions {
 public:
  // Declares --run-dir, --resume and --force. The object must outlive the parse. `what` is "run" or "study".
  RunOptions(CLI::App& app, const std::string& what, const std::string& default_directory);

  bool resume() const { return resume_; }
  bool force() const { return force_; }
  // The value of --run-dir; may be empty.
  const std::string& directory() const { return directory_; }
  RunStart start() const;

  // Returns the resolved settings: those that are `given`, applied to the settings of the existing run with
  // --resume, and to the defaults otherwise.
  Config settings(const std::filesystem::path& run, const std::function<Config(Config)>& given) const;

 private:
  std::string directory_;
  bool resume_ = false, force_ = false;
};

}  // namespace revnet
