// How a command that trains starts: from nothing, over a run, or going on with one.
#pragma once

#include <filesystem>
#include <string>

#include "train/training_run.h"
#include "training_options.h"

namespace revnet {

class RunOptions {
 public:
  // Declares --run-dir, --resume and --force; must outlive the parse. `what` is recorded: "run", "study".
  RunOptions(CLI::App& app, const std::string& what, const std::string& default_directory);

  bool resume() const { return resume_; }
  bool force() const { return force_; }
  // As given; may be empty.
  const std::string& directory() const { return directory_; }
  RunStart start() const;

  // The resolved settings: with --resume, of the run that lies there, if there is one, with what is `given`
  // laid over them; else what is `given` alone.
  Config settings(const std::filesystem::path& run, const std::function<Config(Config)>& given) const;

 private:
  std::string directory_;
  bool resume_ = false, force_ = false;
};

}  // namespace revnet
