// The options of revnet-train --evaluate, and the evaluation.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "setting_options.h"

namespace revnet {

class EvaluationOptions {
 public:
  // Declares --evaluate and the options that need it. The object must outlive the parse.
  explicit EvaluationOptions(CLI::App& app);

  bool wanted() const { return evaluate_; }
  CLI::Option* option() const { return option_; }

  // Evaluates --checkpoint, or else the last checkpoint of the run in a directory, with its own settings
  // overridden by the options. Prints the result and returns the exit code.
  int run(const SettingOptions& options, const std::function<std::filesystem::path()>& directory) const;

 private:
  bool evaluate_ = false, per_class_ = false;
  std::string checkpoint_, predictions_;
  CLI::Option* option_;
};

}  // namespace revnet
