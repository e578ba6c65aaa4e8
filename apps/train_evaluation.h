// revnet-train --evaluate
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "training_options.h"

namespace revnet {

class EvaluationOptions {
 public:
  // Declares --evaluate and what goes with it; must outlive the parse.
  explicit EvaluationOptions(CLI::App& app);

  bool wanted() const { return evaluate_; }
  // The option --evaluate.
  CLI::Option* option() const { return option_; }

  // Evaluates the checkpoint that is named, or else that of the run in a directory, with its own settings and
  // what the options lay over them, and prints what came out. Returns the exit code.
  int run(const TrainingOptions& options, const std::function<std::filesystem::path()>& directory) const;

 private:
  bool evaluate_ = false, per_class_ = false;
  std::string checkpoint_, predictions_;
  CLI::Option* option_;
};

}  // namespace revnet
