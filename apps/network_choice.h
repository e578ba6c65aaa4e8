// Which networks a study compares: by name, or of one's own.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "record/config.h"

namespace revnet {

class NetworkChoice {
 public:
  // Declares --arch, --config and --set; must outlive the parse. `otherwise`: the networks compared where
  // none is named, `in_words` for the help.
  NetworkChoice(CLI::App& app, std::vector<std::string> otherwise, const std::string& in_words);

  // Settings with the network of each; all else as --config and --set say.
  std::vector<Config> settings() const;
  // The same options for a process that is to see that network alone.
  std::vector<std::string> arguments(const std::string& architecture) const;

 private:
  std::vector<std::string> otherwise_, names_, assignments_;
  std::string config_file_;
};

}  // namespace revnet
